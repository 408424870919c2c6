;; The walk of rows through forests, as WebAssembly text: what learn/sandbox.py lays out in memory, this follows.
;;
;; It reads and writes its own memory alone; an address outside ends the call with an error. Additions happen in the
;; order in which learn/trees.py and learn/oblivious.py make them with NumPy, so that both give the same bits.
;;
;; A few rows go one by one, through all trees at once: so many independent steps keep the processor busy. Many rows go
;; together through one tree after the other, whose nodes then stay at hand.
;;
;; Address 0 holds: rows, then first and end of a list of addresses, one for each forest. A forest is a header:
;;
;;    0 kind: 0 levelled, 1 oblivious       levelled                            oblivious
;;    4 X of the first row                  56 categories: first                56 questions: first
;;    8 sums of the first row               60 categories: end                  60 questions: end
;;   12 bytes of a row of X                 64 levels: first                    64 bytes of a tree's questions
;;   16 bytes of a row of sums              68 levels: end                      68 values of the first tree
;;   20 views: first                        72 roots                            72 bytes of a tree's values
;;   24 views: end                          76 places (room)                    76 entries of 8 rows (room)
;;   28 what sums start from                80 bytes of the places              80 sums of 8 rows (room)
;;   32 entries (room)                      84 order: first
;;   36 X is rounded to float32             88 order: end
;;   40 the largest number (float64)        92 leaves hold addresses of their values
;;   48 most rows together                  96 sums are rounded to float32
;;   52 bytes of a row of entries          100 trees: first
;;                                         104 trees: end
;;   A view: what replaces what is missing, and the size up to which a number counts as missing (float64 both).
;;   A category: offset of its code in X; known codes; bytes of a row of its table; address of the table.
;;   A level: bytes of the places that go down to it.
;;   A tree: address of its root; its depth. Trees stand in their order; roots and places begin with the deepest.
;;
;; A node is 16 bytes: threshold (float64), offset of its entry, address of its left child; the right one comes next.
;; A leaf's entry is the first one, which is minus infinity, and it is its own left child: whoever is there stays there.
;; Its value, or the address of its values, stands where others have the threshold.
;; A question is 8 bytes: border (float32), offset of its entry. Those of a tree stand highest bit first.
;; The entries of 8 rows are float32 and stand entry by entry, as their sums stand output by output.
(module
  (memory (export "memory") PAGES PAGES)

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
    (local $left i32) (local $rows i32) (local $x i32) (local $sums i32)
    (local.set $left (i32.load (i32.const 0)))
    (local.set $x (i32.load offset=4 (local.get $forest)))
    (local.set $sums (i32.load offset=8 (local.get $forest)))
    (block $done
      (loop $each
        (br_if $done (i32.eqz (local.get $left)))
        (local.set $rows (i32.load offset=48 (local.get $forest)))
        (local.set $rows (select (local.get $left) (local.get $rows) (i32.lt_u (local.get $left) (local.get $rows))))
        (if (i32.lt_u (local.get $rows) (i32.const 4))
          (then
            (local.set $rows (i32.const 1))
            (call $one (local.get $forest) (local.get $x) (local.get $sums)))
          (else (call $many (local.get $forest) (local.get $x) (local.get $sums) (local.get $rows))))
        (local.set $x
          (i32.add (local.get $x) (i32.mul (local.get $rows) (i32.load offset=12 (local.get $forest)))))
        (local.set $sums
          (i32.add (local.get $sums) (i32.mul (local.get $rows) (i32.load offset=16 (local.get $forest)))))
        (local.set $left (i32.sub (local.get $left) (local.get $rows)))
        (br $each))))

  (func $one (param $forest i32) (param $x i32) (param $sums i32)
    (call $start (local.get $forest) (local.get $x) (local.get $sums) (i32.load offset=32 (local.get $forest)))
    (if (i32.load (local.get $forest))
      (then (call $ask (local.get $forest) (local.get $sums)))
      (else
        (call $walk (local.get $forest))
        (call $add (local.get $forest) (local.get $sums)))))

  (func $many (param $forest i32) (param $x i32) (param $sums i32) (param $rows i32)
    (local $left i32) (local $at i32) (local $sum i32) (local $entry i32)
    (local.set $left (local.get $rows))
    (local.set $at (local.get $x))
    (local.set $sum (local.get $sums))
    (local.set $entry (i32.load offset=32 (local.get $forest)))
    (loop $each
      (call $start (local.get $forest) (local.get $at) (local.get $sum) (local.get $entry))
      (local.set $at (i32.add (local.get $at) (i32.load offset=12 (local.get $forest))))
      (local.set $sum (i32.add (local.get $sum) (i32.load offset=16 (local.get $forest))))
      (local.set $entry (i32.add (local.get $entry) (i32.load offset=52 (local.get $forest))))
      (br_if $each (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (if (i32.load (local.get $forest))
      (then (call $ask_eight (local.get $forest) (local.get $sums) (local.get $rows)))
      (else (call $descend (local.get $forest) (local.get $sums) (local.get $rows)))))

  ;; Write the entries of a row, and what its sums start from.
  (func $start (param $forest i32) (param $x i32) (param $sums i32) (param $entry i32)
    (memory.copy (local.get $sums) (i32.load offset=28 (local.get $forest)) (i32.load offset=16 (local.get $forest)))
    (local.set $entry (call $numbers (local.get $forest) (local.get $x) (local.get $entry)))
    (if (i32.eqz (i32.load (local.get $forest)))
      (then (call $categories (local.get $forest) (local.get $x) (local.get $entry)))))

  ;; Write minus infinity and then every view of the row as entries; return where they end. Numbers go in pairs: where
  ;; they are odd, one more is read, and written where the next view, or nobody, has its entries.
  (func $numbers (param $forest i32) (param $x i32) (param $entry i32) (result i32)
    (local $view i32) (local $views i32) (local $at i32) (local $end i32) (local $to i32)
    (local $number v128) (local $fill v128) (local $near v128)
    (local $most v128) (local $least v128) (local $single v128)
    (local.set $view (i32.load offset=20 (local.get $forest)))
    (local.set $views (i32.load offset=24 (local.get $forest)))
    (local.set $end (i32.add (local.get $x) (i32.load offset=12 (local.get $forest))))
    (local.set $single (i32x4.splat (i32.sub (i32.const 0) (i32.load offset=36 (local.get $forest)))))
    (local.set $most (v128.load64_splat offset=40 (local.get $forest)))
    (local.set $least (f64x2.neg (local.get $most)))
    (f64.store (local.get $entry) (f64.const -inf))
    (local.set $entry (i32.add (local.get $entry) (i32.const 8)))
    (block $done
      (loop $each_view
        (br_if $done (i32.ge_u (local.get $view) (local.get $views)))
        (local.set $fill (v128.load64_splat (local.get $view)))
        (local.set $near (v128.load64_splat offset=8 (local.get $view)))
        (local.set $at (local.get $x))
        (local.set $to (local.get $entry))
        (block $row
          (loop $each
            (br_if $row (i32.ge_u (local.get $at) (local.get $end)))
            ;; Of NaN and a limit, pmin and pmax return NaN where it stands first.
            (local.set $number
              (f64x2.pmax (f64x2.pmin (v128.load (local.get $at)) (local.get $most)) (local.get $least)))
            (local.set $number
              (v128.bitselect
                (f64x2.promote_low_f32x4 (f32x4.demote_f64x2_zero (local.get $number)))
                (local.get $number)
                (local.get $single)))
            (v128.store (local.get $to)
              (v128.bitselect (local.get $fill) (local.get $number)
                (v128.or
                  (f64x2.ne (local.get $number) (local.get $number))
                  (f64x2.le (f64x2.abs (local.get $number)) (local.get $near)))))
            (local.set $to (i32.add (local.get $to) (i32.const 16)))
            (local.set $at (i32.add (local.get $at) (i32.const 16)))
            (br $each)))
        (local.set $entry (i32.add (local.get $entry) (i32.sub (local.get $end) (local.get $x))))
        (local.set $view (i32.add (local.get $view) (i32.const 16)))
        (br $each_view)))
    (local.get $entry))

  ;; Write 0 or 1 as an entry for each bit that the tables of categories hold for the row's codes.
  (func $categories (param $forest i32) (param $x i32) (param $entry i32)
    (local $category i32) (local $categories i32) (local $code f64) (local $row i32) (local $at i32) (local $end i32)
    (local $eights i32) (local $eight i32)
    (local.set $eights (i32.load offset=12 (i32.const 0)))
    (local.set $category (i32.load offset=56 (local.get $forest)))
    (local.set $categories (i32.load offset=60 (local.get $forest)))
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
    (local.set $level (i32.load offset=64 (local.get $forest)))
    (local.set $levels (i32.load offset=68 (local.get $forest)))
    (local.set $places (i32.load offset=76 (local.get $forest)))
    (memory.copy (local.get $places) (i32.load offset=72 (local.get $forest)) (i32.load offset=80 (local.get $forest)))
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

  ;; Go down one tree after the other, four rows at a time, and add up what the leaves say. Where rows do not come to
  ;; fours, room for entries and sums that is nobody's goes along.
  (func $descend (param $forest i32) (param $sums i32) (param $rows i32)
    (local $tree i32) (local $trees i32) (local $left i32) (local $level i32) (local $sum i32) (local $output i32)
    (local $next i32) (local $row_bytes i32) (local $sum_bytes i32) (local $vector i32) (local $single i32)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32) (local $total f64)
    (local $at_a i64) (local $at_b i64) (local $at_c i64) (local $at_d i64)
    (local $row_a i32) (local $row_b i32) (local $row_c i32) (local $row_d i32)
    (local.set $row_bytes (i32.load offset=52 (local.get $forest)))
    (local.set $sum_bytes (i32.load offset=16 (local.get $forest)))
    (local.set $vector (i32.load offset=92 (local.get $forest)))
    (local.set $single (i32.load offset=96 (local.get $forest)))
    (local.set $tree (i32.load offset=100 (local.get $forest)))
    (local.set $trees (i32.load offset=104 (local.get $forest)))
    (block $done
      (loop $each_tree
        (br_if $done (i32.ge_u (local.get $tree) (local.get $trees)))
        (local.set $left (local.get $rows))
        (local.set $sum (i32.add (local.get $sums) (local.get $output)))
        (local.set $row_a (i32.load offset=32 (local.get $forest)))
        (loop $each_four
          (local.set $row_b (i32.add (local.get $row_a) (local.get $row_bytes)))
          (local.set $row_c (i32.add (local.get $row_b) (local.get $row_bytes)))
          (local.set $row_d (i32.add (local.get $row_c) (local.get $row_bytes)))
          (local.set $a (i32.load (local.get $tree)))
          (local.set $b (local.get $a))
          (local.set $c (local.get $a))
          (local.set $d (local.get $a))
          (local.set $level (i32.load offset=4 (local.get $tree)))
          (block $leaves
            (br_if $leaves (i32.eqz (local.get $level)))
            (loop $each_level
              (local.set $at_a (i64.load offset=8 (local.get $a)))
              (local.set $at_b (i64.load offset=8 (local.get $b)))
              (local.set $at_c (i64.load offset=8 (local.get $c)))
              (local.set $at_d (i64.load offset=8 (local.get $d)))
              (local.set $a
                (select
                  (i32.add (local.tee $next (i32.wrap_i64 (i64.shr_u (local.get $at_a) (i64.const 32)))) (i32.const 16))
                  (local.get $next)
                  (f64.gt
                    (f64.load (i32.add (local.get $row_a) (i32.wrap_i64 (local.get $at_a))))
                    (f64.load (local.get $a)))))
              (local.set $b
                (select
                  (i32.add (local.tee $next (i32.wrap_i64 (i64.shr_u (local.get $at_b) (i64.const 32)))) (i32.const 16))
                  (local.get $next)
                  (f64.gt
                    (f64.load (i32.add (local.get $row_b) (i32.wrap_i64 (local.get $at_b))))
                    (f64.load (local.get $b)))))
              (local.set $c
                (select
                  (i32.add (local.tee $next (i32.wrap_i64 (i64.shr_u (local.get $at_c) (i64.const 32)))) (i32.const 16))
                  (local.get $next)
                  (f64.gt
                    (f64.load (i32.add (local.get $row_c) (i32.wrap_i64 (local.get $at_c))))
                    (f64.load (local.get $c)))))
              (local.set $d
                (select
                  (i32.add (local.tee $next (i32.wrap_i64 (i64.shr_u (local.get $at_d) (i64.const 32)))) (i32.const 16))
                  (local.get $next)
                  (f64.gt
                    (f64.load (i32.add (local.get $row_d) (i32.wrap_i64 (local.get $at_d))))
                    (f64.load (local.get $d)))))
              (br_if $each_level (local.tee $level (i32.sub (local.get $level) (i32.const 1))))))
          (if (local.get $vector)
            (then
              (local.set $sum (call $say (local.get $forest) (local.get $sum) (local.get $a)))
              (local.set $sum (call $say (local.get $forest) (local.get $sum) (local.get $b)))
              (local.set $sum (call $say (local.get $forest) (local.get $sum) (local.get $c)))
              (local.set $sum (call $say (local.get $forest) (local.get $sum) (local.get $d)))
            )
            (else
              (local.set $total (f64.add (f64.load (local.get $sum)) (f64.load (local.get $a))))
              (f64.store (local.get $sum)
                (select (f64.promote_f32 (f32.demote_f64 (local.get $total))) (local.get $total) (local.get $single)))
              (local.set $sum (i32.add (local.get $sum) (local.get $sum_bytes)))
              (local.set $total (f64.add (f64.load (local.get $sum)) (f64.load (local.get $b))))
              (f64.store (local.get $sum)
                (select (f64.promote_f32 (f32.demote_f64 (local.get $total))) (local.get $total) (local.get $single)))
              (local.set $sum (i32.add (local.get $sum) (local.get $sum_bytes)))
              (local.set $total (f64.add (f64.load (local.get $sum)) (f64.load (local.get $c))))
              (f64.store (local.get $sum)
                (select (f64.promote_f32 (f32.demote_f64 (local.get $total))) (local.get $total) (local.get $single)))
              (local.set $sum (i32.add (local.get $sum) (local.get $sum_bytes)))
              (local.set $total (f64.add (f64.load (local.get $sum)) (f64.load (local.get $d))))
              (f64.store (local.get $sum)
                (select (f64.promote_f32 (f32.demote_f64 (local.get $total))) (local.get $total) (local.get $single)))
              (local.set $sum (i32.add (local.get $sum) (local.get $sum_bytes)))
            ))
          (local.set $row_a (i32.add (local.get $row_d) (local.get $row_bytes)))
          (local.set $left (i32.sub (local.get $left) (i32.const 4)))
          (br_if $each_four (i32.gt_s (local.get $left) (i32.const 0))))
        (if (i32.eqz (local.get $vector))
          (then
            (local.set $output (i32.add (local.get $output) (i32.const 8)))
            (if (i32.eq (local.get $output) (local.get $sum_bytes)) (then (local.set $output (i32.const 0))))))
        (local.set $tree (i32.add (local.get $tree) (i32.const 8)))
        (br $each_tree))))

  ;; Add the values of a leaf to a row of sums, and return the address of the next row.
  (func $say (param $forest i32) (param $sum i32) (param $leaf i32) (result i32)
    (local $from i32) (local $end i32) (local $single i32) (local $total f64)
    (local.set $from (i32.load (local.get $leaf)))
    (local.set $end (i32.add (local.get $sum) (i32.load offset=16 (local.get $forest))))
    (local.set $single (i32.load offset=96 (local.get $forest)))
    (loop $each
      (local.set $total (f64.add (f64.load (local.get $sum)) (f64.load (local.get $from))))
      (f64.store (local.get $sum)
        (select (f64.promote_f32 (f32.demote_f64 (local.get $total))) (local.get $total) (local.get $single)))
      (local.set $from (i32.add (local.get $from) (i32.const 8)))
      (br_if $each
        (i32.lt_u (local.tee $sum (i32.add (local.get $sum) (i32.const 8))) (local.get $end))))
    (local.get $sum))

  ;; Add up what the leaves say, in the order of the trees.
  (func $add (param $forest i32) (param $sums i32)
    (local $order i32) (local $end i32) (local $leaf i32) (local $sum i32) (local $sums_end i32) (local $from i32)
    (local $vector i32) (local $single i32) (local $total f64)
    (local.set $order (i32.load offset=84 (local.get $forest)))
    (local.set $end (i32.load offset=88 (local.get $forest)))
    (local.set $vector (i32.load offset=92 (local.get $forest)))
    (local.set $single (i32.load offset=96 (local.get $forest)))
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
    (local.set $question (i32.load offset=56 (local.get $forest)))
    (local.set $questions (i32.load offset=60 (local.get $forest)))
    (local.set $values (i32.load offset=68 (local.get $forest)))
    (local.set $sums_end (i32.add (local.get $sums) (i32.load offset=16 (local.get $forest))))
    (block $done
      (loop $each
        (br_if $done (i32.ge_u (local.get $question) (local.get $questions)))
        (local.set $tree_end (i32.add (local.get $question) (i32.load offset=64 (local.get $forest))))
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
        (local.set $values (i32.add (local.get $values) (i32.load offset=72 (local.get $forest))))
        (br $each))))

  ;; Ask eight rows at once: each question is compared with four entries in one step.
  (func $ask_eight (param $forest i32) (param $sums i32) (param $rows i32)
    (local $entries i32) (local $question i32) (local $questions i32) (local $tree_end i32) (local $at i32)
    (local $sum_bytes i32) (local $totals i32) (local $total i32) (local $output i32)
    (local $border v128) (local $low v128) (local $high v128) (local $values i32) (local $value_bytes v128)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32)
    (local $e i32) (local $f i32) (local $g i32) (local $h i32)
    (local.set $entries (i32.load offset=76 (local.get $forest)))
    (local.set $totals (i32.load offset=80 (local.get $forest)))
    (local.set $sum_bytes (i32.load offset=16 (local.get $forest)))
    (local.set $value_bytes (i32x4.splat (local.get $sum_bytes)))
    (local.set $question (i32.load offset=56 (local.get $forest)))
    (local.set $questions (i32.load offset=60 (local.get $forest)))
    (local.set $values (i32.load offset=68 (local.get $forest)))
    (call $turn (local.get $forest) (local.get $rows))
    (memory.fill (local.get $totals) (i32.const 0) (i32.shl (local.get $sum_bytes) (i32.const 3)))
    (block $done
      (loop $each
        (br_if $done (i32.ge_u (local.get $question) (local.get $questions)))
        (local.set $tree_end (i32.add (local.get $question) (i32.load offset=64 (local.get $forest))))
        (local.set $low (v128.const i64x2 0 0))
        (local.set $high (v128.const i64x2 0 0))
        (loop $bits
          (local.set $border (v128.load32_splat (local.get $question)))
          (local.set $at
            (i32.add (local.get $entries) (i32.shl (i32.load offset=4 (local.get $question)) (i32.const 2))))
          (local.set $low
            (i32x4.sub (i32x4.shl (local.get $low) (i32.const 1))
              (f32x4.gt (v128.load (local.get $at)) (local.get $border))))
          (local.set $high
            (i32x4.sub (i32x4.shl (local.get $high) (i32.const 1))
              (f32x4.gt (v128.load offset=16 (local.get $at)) (local.get $border))))
          (local.set $question (i32.add (local.get $question) (i32.const 8)))
          (br_if $bits (i32.lt_u (local.get $question) (local.get $tree_end))))
        (local.set $low
          (i32x4.add (i32x4.splat (local.get $values)) (i32x4.mul (local.get $low) (local.get $value_bytes))))
        (local.set $high
          (i32x4.add (i32x4.splat (local.get $values)) (i32x4.mul (local.get $high) (local.get $value_bytes))))
        (local.set $a (i32x4.extract_lane 0 (local.get $low)))
        (local.set $b (i32x4.extract_lane 1 (local.get $low)))
        (local.set $c (i32x4.extract_lane 2 (local.get $low)))
        (local.set $d (i32x4.extract_lane 3 (local.get $low)))
        (local.set $e (i32x4.extract_lane 0 (local.get $high)))
        (local.set $f (i32x4.extract_lane 1 (local.get $high)))
        (local.set $g (i32x4.extract_lane 2 (local.get $high)))
        (local.set $h (i32x4.extract_lane 3 (local.get $high)))
        (local.set $output (i32.const 0))
        (local.set $total (local.get $totals))
        (loop $outputs
          (v128.store offset=0 (local.get $total)
            (f64x2.add (v128.load offset=0 (local.get $total))
              (v128.load64_lane 1 (i32.add (local.get $b) (local.get $output))
                (v128.load64_zero (i32.add (local.get $a) (local.get $output))))))
          (v128.store offset=16 (local.get $total)
            (f64x2.add (v128.load offset=16 (local.get $total))
              (v128.load64_lane 1 (i32.add (local.get $d) (local.get $output))
                (v128.load64_zero (i32.add (local.get $c) (local.get $output))))))
          (v128.store offset=32 (local.get $total)
            (f64x2.add (v128.load offset=32 (local.get $total))
              (v128.load64_lane 1 (i32.add (local.get $f) (local.get $output))
                (v128.load64_zero (i32.add (local.get $e) (local.get $output))))))
          (v128.store offset=48 (local.get $total)
            (f64x2.add (v128.load offset=48 (local.get $total))
              (v128.load64_lane 1 (i32.add (local.get $h) (local.get $output))
                (v128.load64_zero (i32.add (local.get $g) (local.get $output))))))
          (local.set $total (i32.add (local.get $total) (i32.const 64)))
          (br_if $outputs
            (i32.lt_u (local.tee $output (i32.add (local.get $output) (i32.const 8))) (local.get $sum_bytes))))
        (local.set $values (i32.add (local.get $values) (i32.load offset=72 (local.get $forest))))
        (br $each)))
    (local.set $output (i32.const 0))
    (loop $rows_of_sums
      (local.set $total (i32.add (local.get $totals) (local.get $output)))
      (local.set $tree_end (i32.add (local.get $sums) (local.get $sum_bytes)))
      (loop $outputs
        (f64.store (local.get $sums) (f64.load (local.get $total)))
        (local.set $total (i32.add (local.get $total) (i32.const 64)))
        (br_if $outputs
          (i32.lt_u (local.tee $sums (i32.add (local.get $sums) (i32.const 8))) (local.get $tree_end))))
      (local.set $output (i32.add (local.get $output) (i32.const 8)))
      (br_if $rows_of_sums (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; Write the entries of up to eight rows again, in single precision, entry by entry.
  (func $turn (param $forest i32) (param $rows i32)
    (local $entry i32) (local $end i32) (local $to i32) (local $first i32) (local $next i32)
    (local.set $first (i32.load offset=76 (local.get $forest)))
    (local.set $next (i32.load offset=32 (local.get $forest)))
    (loop $each_row
      (local.set $entry (local.get $next))
      (local.set $next (i32.add (local.get $next) (i32.load offset=52 (local.get $forest))))
      (local.set $end (i32.add (i32.add (local.get $entry) (i32.load offset=12 (local.get $forest))) (i32.const 8)))
      (local.set $to (local.get $first))
      (loop $each
        (f32.store (local.get $to) (f32.demote_f64 (f64.load (local.get $entry))))
        (local.set $to (i32.add (local.get $to) (i32.const 32)))
        (br_if $each
          (i32.lt_u (local.tee $entry (i32.add (local.get $entry) (i32.const 8))) (local.get $end))))
      (local.set $first (i32.add (local.get $first) (i32.const 4)))
      (br_if $each_row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1)))))))
