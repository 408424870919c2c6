;; The walk of rows through forests, as WebAssembly text: what learn/sandbox.py lays out in memory, this follows.
;;
;; It reads and writes its own memory alone; an address outside ends the call with an error. Additions happen in the
;; order in which learn/trees.py and learn/oblivious.py make them with NumPy, so that both give the same bits.
;;
;; Address 0 holds: rows, then first and end of a list of addresses, one for each forest. A forest is a header:
;;
;;    0 kind: 0 levelled, 1 oblivious     24 views: end                 levelled                  oblivious
;;    4 X of the first row                28 what sums start from       48 categories: first      48 questions: first
;;    8 sums of the first row             32 entries (room for a row)   52 categories: end        52 questions: end
;;   12 bytes of a row of X               36 X is rounded to float32    56 levels: first          56 bytes of a tree's
;;   16 bytes of a row of sums            40 the largest number         60 levels: end               questions
;;   20 views: first                         (float64)                  64 roots                  60 values of the first tree
;;                                                                      68 places (room)          64 bytes of a tree's values
;;   A view: what replaces what is missing (float64), and               72 bytes of the places
;;   the size up to which a number counts as missing (float64).         76 order: first
;;   A category: offset of its code in X; known codes;                  80 order: end
;;   bytes of a row of its table; address of the table.                 84 leaves hold addresses of their values
;;   A level: bytes of the places that go down to it.                   88 sums are rounded to float32
;;
;; A node is 16 bytes: threshold (float64), offset of its entry, address of its left child; the right one comes next.
;; A leaf's entry is the first one, which is minus infinity, and it is its own left child: whoever is there stays there.
;; Its value, or the address of its values, stands where others have the threshold.
;; A question is 8 bytes: border (float32), offset of its entry. Those of a tree stand highest bit first.
(module
  (memory (export "memory") 1)

  (func (export "run")
    (local $next i32) (local $end i32)
    (local.set $next (i32.load offset=4 (i32.const 0)))
    (local.set $end (i32.load offset=8 (i32.const 0)))
    (block $done
      (loop $forests
        (br_if $done (i32.ge_u (local.get $next) (local.get $end)))
        (call $forest (i32.load (local.get $next)))
        (local.set $next (i32.add (local.get $next) (i32.const 4)))
        (br $forests))))

  (func $forest (param $forest i32)
    (local $rows i32) (local $x i32) (local $sums i32)
    (local.set $rows (i32.load (i32.const 0)))
    (local.set $x (i32.load offset=4 (local.get $forest)))
    (local.set $sums (i32.load offset=8 (local.get $forest)))
    (block $done
      (loop $each
        (br_if $done (i32.eqz (local.get $rows)))
        (memory.copy (local.get $sums) (i32.load offset=28 (local.get $forest)) (i32.load offset=16 (local.get $forest)))
        (if (i32.load (local.get $forest))
          (then
            (drop (call $numbers (local.get $forest) (local.get $x)))
            (call $ask (local.get $forest) (local.get $sums)))
          (else
            (call $categories (local.get $forest) (local.get $x) (call $numbers (local.get $forest) (local.get $x)))
            (call $walk (local.get $forest))
            (call $add (local.get $forest) (local.get $sums))))
        (local.set $x (i32.add (local.get $x) (i32.load offset=12 (local.get $forest))))
        (local.set $sums (i32.add (local.get $sums) (i32.load offset=16 (local.get $forest))))
        (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
        (br $each))))

  ;; Write minus infinity and then every view of the row as entries; return where they end.
  (func $numbers (param $forest i32) (param $x i32) (result i32)
    (local $entry i32) (local $view i32) (local $views i32) (local $at i32) (local $end i32) (local $single i32)
    (local $number f64) (local $fill f64) (local $near f64) (local $most f64)
    (local.set $entry (i32.load offset=32 (local.get $forest)))
    (local.set $view (i32.load offset=20 (local.get $forest)))
    (local.set $views (i32.load offset=24 (local.get $forest)))
    (local.set $end (i32.add (local.get $x) (i32.load offset=12 (local.get $forest))))
    (local.set $single (i32.load offset=36 (local.get $forest)))
    (local.set $most (f64.load offset=40 (local.get $forest)))
    (f64.store (local.get $entry) (f64.const -inf))
    (local.set $entry (i32.add (local.get $entry) (i32.const 8)))
    (block $done
      (loop $each_view
        (br_if $done (i32.ge_u (local.get $view) (local.get $views)))
        (local.set $fill (f64.load (local.get $view)))
        (local.set $near (f64.load offset=8 (local.get $view)))
        (local.set $at (local.get $x))
        (block $row
          (loop $each
            (br_if $row (i32.ge_u (local.get $at) (local.get $end)))
            (local.set $number
              (f64.min (local.get $most) (f64.max (f64.neg (local.get $most)) (f64.load (local.get $at)))))
            (local.set $number
              (select (f64.promote_f32 (f32.demote_f64 (local.get $number))) (local.get $number) (local.get $single)))
            (f64.store (local.get $entry)
              (select (local.get $fill) (local.get $number)
                (i32.or
                  (f64.ne (local.get $number) (local.get $number))
                  (f64.le (f64.abs (local.get $number)) (local.get $near)))))
            (local.set $entry (i32.add (local.get $entry) (i32.const 8)))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br $each)))
        (local.set $view (i32.add (local.get $view) (i32.const 16)))
        (br $each_view)))
    (local.get $entry))

  ;; Write 0 or 1 as an entry for each bit that the tables of categories hold for the row's codes.
  (func $categories (param $forest i32) (param $x i32) (param $entry i32)
    (local $category i32) (local $categories i32) (local $code f64) (local $row i32) (local $at i32) (local $end i32)
    (local $eights i32) (local $eight i32)
    (local.set $eights (i32.load offset=12 (i32.const 0)))
    (local.set $category (i32.load offset=48 (local.get $forest)))
    (local.set $categories (i32.load offset=52 (local.get $forest)))
    (block $done
      (loop $each
        (br_if $done (i32.ge_u (local.get $category) (local.get $categories)))
        (local.set $code (f64.trunc (f64.load (i32.add (local.get $x) (i32.load (local.get $category))))))
        (local.set $row (f64.eq (local.get $code) (local.get $code)))
        (if (i32.and
              (f64.ge (local.get $code) (f64.const 0))
              (f64.lt (local.get $code) (f64.convert_i32_u (i32.load offset=4 (local.get $category)))))
          (then (local.set $row (i32.add (i32.const 2) (i32.trunc_f64_u (local.get $code))))))
        (local.set $at
          (i32.add
            (i32.load offset=12 (local.get $category))
            (i32.mul (local.get $row) (i32.load offset=8 (local.get $category)))))
        (local.set $end (i32.add (local.get $at) (i32.load offset=8 (local.get $category))))
        (loop $bytes
          (local.set $eight (i32.add (local.get $eights) (i32.shl (i32.load8_u (local.get $at)) (i32.const 6))))
          (v128.store (local.get $entry) (v128.load (local.get $eight)))
          (v128.store offset=16 (local.get $entry) (v128.load offset=16 (local.get $eight)))
          (v128.store offset=32 (local.get $entry) (v128.load offset=32 (local.get $eight)))
          (v128.store offset=48 (local.get $entry) (v128.load offset=48 (local.get $eight)))
          (local.set $entry (i32.add (local.get $entry) (i32.const 64)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $bytes (i32.lt_u (local.get $at) (local.get $end))))
        (local.set $category (i32.add (local.get $category) (i32.const 16)))
        (br $each))))

  ;; Go down from level to level in all trees at once. Deep trees come first, so that those still going stand together.
  (func $walk (param $forest i32)
    (local $entries i32) (local $places i32) (local $level i32) (local $levels i32) (local $place i32) (local $end i32)
    (local $node i32) (local $entry_and_left i64)
    (local.set $entries (i32.load offset=32 (local.get $forest)))
    (local.set $level (i32.load offset=56 (local.get $forest)))
    (local.set $levels (i32.load offset=60 (local.get $forest)))
    (local.set $places (i32.load offset=68 (local.get $forest)))
    (memory.copy (local.get $places) (i32.load offset=64 (local.get $forest)) (i32.load offset=72 (local.get $forest)))
    (block $done
      (loop $each_level
        (br_if $done (i32.ge_u (local.get $level) (local.get $levels)))
        (local.set $place (local.get $places))
        (local.set $end (i32.add (local.get $places) (i32.load (local.get $level))))
        (loop $each
          (local.set $node (i32.load (local.get $place)))
          (local.set $entry_and_left (i64.load offset=8 (local.get $node)))
          (i32.store (local.get $place)
            (i32.add
              (i32.wrap_i64 (i64.shr_u (local.get $entry_and_left) (i64.const 32)))
              (i32.shl
                (f64.gt
                  (f64.load (i32.add (local.get $entries) (i32.wrap_i64 (local.get $entry_and_left))))
                  (f64.load (local.get $node)))
                (i32.const 4))))
          (local.set $place (i32.add (local.get $place) (i32.const 4)))
          (br_if $each (i32.lt_u (local.get $place) (local.get $end))))
        (local.set $level (i32.add (local.get $level) (i32.const 4)))
        (br $each_level))))

  ;; Add up what the leaves say, in the order of the trees.
  (func $add (param $forest i32) (param $sums i32)
    (local $order i32) (local $end i32) (local $leaf i32) (local $sum i32) (local $sums_end i32) (local $from i32)
    (local $vector i32) (local $single i32) (local $total f64)
    (local.set $order (i32.load offset=76 (local.get $forest)))
    (local.set $end (i32.load offset=80 (local.get $forest)))
    (local.set $vector (i32.load offset=84 (local.get $forest)))
    (local.set $single (i32.load offset=88 (local.get $forest)))
    (local.set $sums_end (i32.add (local.get $sums) (i32.load offset=16 (local.get $forest))))
    (local.set $sum (local.get $sums))
    (block $done
      (loop $each
        (br_if $done (i32.ge_u (local.get $order) (local.get $end)))
        (local.set $leaf (i32.load (i32.load (local.get $order))))
        (local.set $from (select (i32.load (local.get $leaf)) (local.get $leaf) (local.get $vector)))
        (loop $values
          (local.set $total (f64.add (f64.load (local.get $sum)) (f64.load (local.get $from))))
          (f64.store (local.get $sum)
            (select (f64.promote_f32 (f32.demote_f64 (local.get $total))) (local.get $total) (local.get $single)))
          (local.set $from (i32.add (local.get $from) (i32.const 8)))
          (local.set $sum (i32.add (local.get $sum) (i32.const 8)))
          (br_if $values (i32.and (local.get $vector) (i32.lt_u (local.get $sum) (local.get $sums_end)))))
        (local.set $sum (select (local.get $sums) (local.get $sum) (i32.eq (local.get $sum) (local.get $sums_end))))
        (local.set $order (i32.add (local.get $order) (i32.const 4)))
        (br $each))))

  ;; Ask each oblivious tree's questions; the answers are the bits of the leaf's number. Add up what the leaves say.
  (func $ask (param $forest i32) (param $sums i32)
    (local $entries i32) (local $question i32) (local $questions i32) (local $tree_end i32) (local $leaf i32)
    (local $values i32) (local $from i32) (local $sum i32) (local $sums_end i32)
    (local.set $entries (i32.load offset=32 (local.get $forest)))
    (local.set $question (i32.load offset=48 (local.get $forest)))
    (local.set $questions (i32.load offset=52 (local.get $forest)))
    (local.set $values (i32.load offset=60 (local.get $forest)))
    (local.set $sums_end (i32.add (local.get $sums) (i32.load offset=16 (local.get $forest))))
    (block $done
      (loop $each
        (br_if $done (i32.ge_u (local.get $question) (local.get $questions)))
        (local.set $tree_end (i32.add (local.get $question) (i32.load offset=56 (local.get $forest))))
        (local.set $leaf (i32.const 0))
        (loop $bits
          (local.set $leaf
            (i32.or
              (i32.shl (local.get $leaf) (i32.const 1))
              (f64.gt
                (f64.load (i32.add (local.get $entries) (i32.load offset=4 (local.get $question))))
                (f64.promote_f32 (f32.load (local.get $question))))))
          (local.set $question (i32.add (local.get $question) (i32.const 8)))
          (br_if $bits (i32.lt_u (local.get $question) (local.get $tree_end))))
        (local.set $from
          (i32.add (local.get $values) (i32.mul (local.get $leaf) (i32.load offset=16 (local.get $forest)))))
        (local.set $sum (local.get $sums))
        (loop $outputs
          (f64.store (local.get $sum) (f64.add (f64.load (local.get $sum)) (f64.load (local.get $from))))
          (local.set $from (i32.add (local.get $from) (i32.const 8)))
          (local.set $sum (i32.add (local.get $sum) (i32.const 8)))
          (br_if $outputs (i32.lt_u (local.get $sum) (local.get $sums_end))))
        (local.set $values (i32.add (local.get $values) (i32.load offset=64 (local.get $forest))))
        (br $each)))))
