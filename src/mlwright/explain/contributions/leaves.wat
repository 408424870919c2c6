;; What players get of leaves that ask many of them, as WebAssembly text: what explain/contributions/trees.py lays out in
;; memory, this works through. It reads and writes its own memory alone; an address outside ends the call with an error.
;;
;; Address 0 holds: rows, then first and end of the leaves, the gains, bytes of a row of gains, bytes of a row of own
;; masks, bytes of a row of what was got.
;; A leaf is 32 bytes: the mask of all its players (int64), first and end of the background's masks, where its own mask
;; stands for the first row, where what its first player gets stands for the first row.
;; A background's mask is 16 bytes: the mask (int64), and the share of the background that has it (float64).
(module
  (memory (export "memory") PAGES PAGES)

  (func (export "run")
    (local $row i32) (local $own i32) (local $got i32)
    (block $done
      (loop $rows
        (br_if $done (i32.ge_u (local.get $row) (i32.load (i32.const 0))))
        (call $row (local.get $own) (local.get $got))
        (local.set $own (i32.add (local.get $own) (i32.load offset=20 (i32.const 0))))
        (local.set $got (i32.add (local.get $got) (i32.load offset=24 (i32.const 0))))
        (local.set $row (i32.add (local.get $row) (i32.const 1)))
        (br $rows))))

  (func $row (param $own i32) (param $got i32)
    (local $leaf i32) (local $end i32)
    (local.set $leaf (i32.load offset=4 (i32.const 0)))
    (local.set $end (i32.load offset=8 (i32.const 0)))
    (block $done
      (loop $leaves
        (br_if $done (i32.ge_u (local.get $leaf) (local.get $end)))
        (call $leaf
          (local.get $leaf)
          (i64.load (i32.add (local.get $own) (i32.load offset=16 (local.get $leaf))))
          (i32.add (local.get $got) (i32.load offset=20 (local.get $leaf))))
        (local.set $leaf (i32.add (local.get $leaf) (i32.const 32)))
        (br $leaves))))

  (func $leaf (param $leaf i32) (param $own i64) (param $got i32)
    (local $next i32) (local $end i32) (local $unmet i64) (local $mask i64)
    ;; The background has to meet what the row does not.
    (local.set $unmet (i64.xor (i64.load (local.get $leaf)) (local.get $own)))
    (local.set $next (i32.load offset=8 (local.get $leaf)))
    (local.set $end (i32.load offset=12 (local.get $leaf)))
    (block $done
      (loop $masks
        (br_if $done (i32.ge_u (local.get $next) (local.get $end)))
        (local.set $mask (i64.load (local.get $next)))
        (if (i64.eq (i64.and (local.get $mask) (local.get $unmet)) (local.get $unmet))
          (then
            (call $add
              (i64.and (local.get $own) (i64.xor (local.get $mask) (i64.const -1)))
              (local.get $unmet)
              (f64.load offset=8 (local.get $next))
              (local.get $got))))
        (local.set $next (i32.add (local.get $next) (i32.const 16)))
        (br $masks))))

  ;; Those that have to come in get gains[p, q] each, those that have to stay out lose gains[q, p].
  (func $add (param $in i64) (param $out i64) (param $share f64) (param $got i32)
    (local $p i32) (local $q i32) (local $gains i32) (local $bytes i32)
    (local.set $gains (i32.load offset=12 (i32.const 0)))
    (local.set $bytes (i32.load offset=16 (i32.const 0)))
    (local.set $p (i32.wrap_i64 (i64.popcnt (local.get $in))))
    (local.set $q (i32.wrap_i64 (i64.popcnt (local.get $out))))
    (call $each (local.get $in) (local.get $got)
      (f64.mul (local.get $share)
        (f64.load (i32.add (local.get $gains)
          (i32.add (i32.mul (local.get $p) (local.get $bytes)) (i32.shl (local.get $q) (i32.const 3)))))))
    (call $each (local.get $out) (local.get $got)
      (f64.neg (f64.mul (local.get $share)
        (f64.load (i32.add (local.get $gains)
          (i32.add (i32.mul (local.get $q) (local.get $bytes)) (i32.shl (local.get $p) (i32.const 3)))))))))

  (func $each (param $mask i64) (param $got i32) (param $amount f64)
    (local $at i32)
    (block $done
      (loop $bits
        (br_if $done (i64.eqz (local.get $mask)))
        (local.set $at (i32.add (local.get $got)
          (i32.shl (i32.wrap_i64 (i64.ctz (local.get $mask))) (i32.const 3))))
        (f64.store (local.get $at) (f64.add (f64.load (local.get $at)) (local.get $amount)))
        (local.set $mask (i64.and (local.get $mask) (i64.sub (local.get $mask) (i64.const 1))))
        (br $bits))))
)
