;; What players get of the leaves of a forest, as WebAssembly text: what explain/contributions/walk.py lays out in
;; memory, this works through. It reads and writes its own memory alone; an address outside ends the call with an error.
;;
;; A row goes down a tree to every leaf that it and the background can reach together: its own way without any
;; condition, and the other way as long as some row of the background goes there for the player asked. What its players
;; get of a leaf depends on whom the row fails there; where there is room, it is kept for other rows.
;;
;; Address 0 holds: rows; first and end of the list of roots; the gains, bytes of a row of gains; entries of the first
;; row, bytes of a row of entries; what the first row gets, bytes of a row of that; the stack; room for what is not
;; kept; and at 48 the share of one row of the background (float64).
;;
;; A node and a leaf are 64 bytes each:
;;    0 threshold (float64)                              patterns: first
;;    4                                                  bytes of the players' shares
;;    8 the bit of the player asked (int64)              what is kept: first, or 0
;;   12                                                  bytes of what is kept for a mask
;;   16 who of the background may go left (128 bits)     the first row with each pattern (128 bits)
;;   32 who may go right (128 bits)                      places: first
;;   36                                                  places: end
;;   40                                                  values: first
;;   44                                                  values: end
;;   48 left child                                       0
;;   52 right child                                      0
;;   56 offset of the entry asked                        bytes of a pattern
;; A pattern is as many bytes as it needs: whom some rows of the background fail and, in the last byte, how many rows.
;; Patterns stand in the order of their first rows.
;; A place is the offset, in a row of what is got, of one player of the leaf.
;; Kept are, mask by mask: whether it is known (int64), 8 bytes of nothing, then what each player gets of a leaf worth
;; 1, in pairs.
;; A row of gains, for as many players as a row fails, tells for each number that a pattern fails what each whom the
;; pattern fails gets, and what each whom the row fails loses (float64 both).
;; On the stack are 32 bytes for each node to come: who of the background may go there, the row's mask, the node.
(module
  (memory (export "memory") PAGES PAGES)

  (func (export "run")
    (local $tree i32) (local $end i32) (local $left i32) (local $x i32) (local $got i32)
    (local.set $tree (i32.load offset=4 (i32.const 0)))
    (local.set $end (i32.load offset=8 (i32.const 0)))
    (block $done
      (loop $trees
        (br_if $done (i32.ge_u (local.get $tree) (local.get $end)))
        ;; All rows through one tree: its leaves and what they keep stay at hand.
        (local.set $left (i32.load (i32.const 0)))
        (local.set $x (i32.load offset=20 (i32.const 0)))
        (local.set $got (i32.load offset=28 (i32.const 0)))
        (block $last
          (loop $rows
            (br_if $last (i32.eqz (local.get $left)))
            (call $tree (i32.load (local.get $tree)) (local.get $x) (local.get $got))
            (local.set $x (i32.add (local.get $x) (i32.load offset=24 (i32.const 0))))
            (local.set $got (i32.add (local.get $got) (i32.load offset=32 (i32.const 0))))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br $rows)))
        (local.set $tree (i32.add (local.get $tree) (i32.const 4)))
        (br $trees))))

  (func $tree (param $node i32) (param $x i32) (param $got i32)
    (local $bottom i32) (local $top i32) (local $right i32) (local $side i32)
    (local $mask i64) (local $bit i64) (local $alive v128) (local $there v128)
    (local.set $bottom (i32.load offset=36 (i32.const 0)))
    (local.set $top (local.get $bottom))
    (local.set $alive (v128.const i64x2 -1 -1))
    (loop $next
      (block $nobody
        (block $leaf
          (loop $down
            (br_if $leaf (i32.eqz (i32.load offset=52 (local.get $node))))
            (local.set $right
              (f64.gt
                (f64.load (i32.add (local.get $x) (i32.load offset=56 (local.get $node))))
                (f64.load (local.get $node))))
            (local.set $bit (i64.load offset=8 (local.get $node)))
            (local.set $side (i32.shl (local.get $right) (i32.const 4)))
            (local.set $there
              (v128.and (local.get $alive)
                (v128.load offset=32 (i32.sub (local.get $node) (local.get $side)))))
            (if (v128.any_true (local.get $there))
              (then
                (v128.store (local.get $top) (local.get $there))
                (i64.store offset=16 (local.get $top) (i64.or (local.get $mask) (local.get $bit)))
                (i32.store offset=24 (local.get $top)
                  (i32.load offset=48
                    (i32.add (local.get $node)
                      (i32.shl (i32.xor (local.get $right) (i32.const 1)) (i32.const 2)))))
                (local.set $top (i32.add (local.get $top) (i32.const 32)))))
            ;; A player whom the row has failed before: only the background can go on.
            (if (i64.ne (i64.and (local.get $mask) (local.get $bit)) (i64.const 0))
              (then
                (local.set $alive
                  (v128.and (local.get $alive)
                    (v128.load offset=16 (i32.add (local.get $node) (local.get $side)))))
                (br_if $nobody (i32.eqz (v128.any_true (local.get $alive))))))
            (local.set $node
              (i32.load offset=48 (i32.add (local.get $node) (i32.shl (local.get $right) (i32.const 2)))))
            (br $down)))
        (call $leaf (local.get $node) (local.get $mask) (local.get $alive) (local.get $got)))
      (if (i32.ne (local.get $top) (local.get $bottom))
        (then
          (local.set $top (i32.sub (local.get $top) (i32.const 32)))
          (local.set $alive (v128.load (local.get $top)))
          (local.set $mask (i64.load offset=16 (local.get $top)))
          (local.set $node (i32.load offset=24 (local.get $top)))
          (br $next)))))

  (func $leaf (param $leaf i32) (param $mask i64) (param $alive v128) (param $got i32)
    (local $kept i32) (local $place i32) (local $end i32) (local $at i32) (local $value i32) (local $values i32)
    (local $share f64)
    (local.set $kept (i32.load offset=8 (local.get $leaf)))
    (if (local.get $kept)
      (then
        (local.set $kept
          (i32.add (local.get $kept)
            (i32.mul (i32.load offset=12 (local.get $leaf)) (i32.wrap_i64 (local.get $mask)))))
        (if (i64.eqz (i64.load (local.get $kept)))
          (then
            (call $work_out (local.get $leaf) (local.get $mask) (local.get $alive) (local.get $kept))
            ;; Last of all: an error on the way leaves nothing that is half right.
            (i64.store (local.get $kept) (i64.const 1)))))
      (else
        (local.set $kept (i32.load offset=40 (i32.const 0)))
        (call $work_out (local.get $leaf) (local.get $mask) (local.get $alive) (local.get $kept))))
    (local.set $place (i32.load offset=32 (local.get $leaf)))
    (local.set $end (i32.load offset=36 (local.get $leaf)))
    (local.set $values (i32.load offset=44 (local.get $leaf)))
    (loop $players
      (local.set $share (f64.load offset=16 (local.get $kept)))
      (local.set $at (i32.add (local.get $got) (i32.load (local.get $place))))
      (local.set $value (i32.load offset=40 (local.get $leaf)))
      (loop $outputs
        (f64.store (local.get $at)
          (f64.add (f64.load (local.get $at)) (f64.mul (local.get $share) (f64.load (local.get $value)))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $outputs
          (i32.lt_u (local.tee $value (i32.add (local.get $value) (i32.const 8))) (local.get $values))))
      (local.set $kept (i32.add (local.get $kept) (i32.const 8)))
      (br_if $players
        (i32.lt_u (local.tee $place (i32.add (local.get $place) (i32.const 4))) (local.get $end)))))

  ;; The patterns that fail nobody together with the row are those of the rows that came here.
  (func $work_out (param $leaf i32) (param $mask i64) (param $alive v128) (param $kept i32)
    (local $at i32) (local $end i32) (local $gains i32) (local $lost f64)
    (local.set $at (local.get $kept))
    (local.set $end (i32.add (local.get $kept) (i32.load offset=4 (local.get $leaf))))
    (loop $nothing
      (v128.store offset=16 (local.get $at) (v128.const i64x2 0 0))
      (br_if $nothing (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))
    (local.set $gains
      (i32.add (i32.load offset=12 (i32.const 0))
        (i32.mul (i32.load offset=16 (i32.const 0)) (i32.wrap_i64 (i64.popcnt (local.get $mask))))))
    (local.set $lost
      (f64.add
        (call $patterns (local.get $leaf) (i64.const 0) (i64.load offset=16 (local.get $leaf))
          (i64x2.extract_lane 0 (local.get $alive)) (local.get $gains) (local.get $kept) (local.get $end))
        (call $patterns (local.get $leaf) (i64.popcnt (i64.load offset=16 (local.get $leaf)))
          (i64.load offset=24 (local.get $leaf))
          (i64x2.extract_lane 1 (local.get $alive)) (local.get $gains) (local.get $kept) (local.get $end))))
    (call $add (local.get $kept) (local.get $end) (local.get $mask) (f64.neg (local.get $lost))))

  ;; Add what those get whom the patterns of 64 rows fail, and return what each whom the row fails loses by them. So
  ;; many patterns stand before them.
  (func $patterns (param $leaf i32) (param $before i64) (param $firsts i64) (param $left i64) (param $gains i32)
    (param $kept i32) (param $end i32) (result f64)
    (local $pattern i32) (local $bytes i32) (local $count i64)
    (local $other i64) (local $at i32) (local $gain f64) (local $share f64) (local $lost f64)
    (local.set $bytes (i32.load offset=56 (local.get $leaf)))
    (local.set $count (i64.extend_i32_u (i32.shl (i32.sub (local.get $bytes) (i32.const 1)) (i32.const 3))))
    (local.set $pattern
      (i32.add (i32.load (local.get $leaf)) (i32.mul (i32.wrap_i64 (local.get $before)) (local.get $bytes))))
    (local.set $left (i64.and (local.get $left) (local.get $firsts)))
    (block $done
      (loop $each
        (br_if $done (i64.eqz (local.get $left)))
        ;; As many stand before it as rows before its own are firsts.
        (local.set $other
          (i64.load
            (i32.add (local.get $pattern)
              (i32.mul (local.get $bytes)
                (i32.wrap_i64
                  (i64.popcnt
                    (i64.and (local.get $firsts)
                      (i64.and (i64.sub (local.get $left) (i64.const 1)) (i64.xor (local.get $left) (i64.const -1))))))))))
        (local.set $share
          (f64.mul (f64.load offset=48 (i32.const 0))
            (f64.convert_i32_s
              (i32.and (i32.wrap_i64 (i64.shr_u (local.get $other) (local.get $count))) (i32.const 255)))))
        (local.set $other
          (i64.and (local.get $other) (i64.sub (i64.shl (i64.const 1) (local.get $count)) (i64.const 1))))
        (local.set $at
          (i32.add (local.get $gains) (i32.shl (i32.wrap_i64 (i64.popcnt (local.get $other))) (i32.const 4))))
        (local.set $gain (f64.mul (local.get $share) (f64.load (local.get $at))))
        (local.set $lost
          (f64.add (local.get $lost) (f64.mul (local.get $share) (f64.load offset=8 (local.get $at)))))
        (call $add (local.get $kept) (local.get $end) (local.get $other) (local.get $gain))
        (local.set $left (i64.and (local.get $left) (i64.sub (local.get $left) (i64.const 1))))
        (br $each)))
    (local.get $lost))

  ;; Add an amount to what those get whose bits are set: all bits in turn, two at once, because to jump from one set bit
  ;; to the next is what no processor foresees.
  (func $add (param $kept i32) (param $end i32) (param $mask i64) (param $amount f64)
    (local $bits v128) (local $amounts v128)
    (local.set $bits (i64x2.splat (local.get $mask)))
    (local.set $amounts (f64x2.splat (local.get $amount)))
    (loop $pairs
      (v128.store offset=16 (local.get $kept)
        (f64x2.add (v128.load offset=16 (local.get $kept))
          (v128.and (local.get $amounts)
            (i64x2.eq (v128.and (local.get $bits) (v128.const i64x2 1 2)) (v128.const i64x2 1 2)))))
      (local.set $bits (i64x2.shr_u (local.get $bits) (i32.const 2)))
      (br_if $pairs
        (i32.lt_u (local.tee $kept (i32.add (local.get $kept) (i32.const 16))) (local.get $end)))))
)
