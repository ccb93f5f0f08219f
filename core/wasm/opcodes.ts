/** Opcodes of WebAssembly (core specification 3.0, "Instructions"), as the bytes that encode them. Only those in use. */
export const OPCODE = {
  unreachable: [0x00],
  block: [0x02],
  loop: [0x03],
  if: [0x04],
  else: [0x05],
  end: [0x0b],
  br: [0x0c],
  br_if: [0x0d],
  br_table: [0x0e],
  return: [0x0f],
  call: [0x10],
  call_indirect: [0x11],
  drop: [0x1a],
  select: [0x1b],
  local_get: [0x20],
  local_set: [0x21],
  local_tee: [0x22],
  global_get: [0x23],

  i32_load: [0x28],
  i64_load: [0x29],
  i32_load8_u: [0x2d],
  i32_load16_u: [0x2f],
  i64_load8_s: [0x30],
  i64_load8_u: [0x31],
  i64_load16_s: [0x32],
  i64_load16_u: [0x33],
  i64_load32_s: [0x34],
  i64_load32_u: [0x35],
  i32_store: [0x36],
  i64_store: [0x37],
  i64_store8: [0x3c],
  i64_store16: [0x3d],
  i64_store32: [0x3e],

  i32_const: [0x41],
  i64_const: [0x42],
  i32_eqz: [0x45],
  i32_eq: [0x46],
  i32_lt_s: [0x48],
  i32_ge_s: [0x4e],
  i64_eqz: [0x50],
  i64_eq: [0x51],
  i64_ne: [0x52],
  i64_lt_s: [0x53],
  i64_lt_u: [0x54],
  i64_gt_u: [0x56],
  i64_ge_s: [0x59],
  i64_ge_u: [0x5a],
  i32_add: [0x6a],
  i32_sub: [0x6b],
  i32_mul: [0x6c],
  i32_and: [0x71],
  i32_shl: [0x74],
  i32_shr_u: [0x76],
  i64_add: [0x7c],
  i64_sub: [0x7d],
  i64_mul: [0x7e],
  i64_div_s: [0x7f],
  i64_div_u: [0x80],
  i64_rem_s: [0x81],
  i64_rem_u: [0x82],
  i64_and: [0x83],
  i64_or: [0x84],
  i64_xor: [0x85],
  i64_shl: [0x86],
  i64_shr_s: [0x87],
  i64_shr_u: [0x88],
  i32_wrap_i64: [0xa7],
  i64_extend_i32_s: [0xac],
  i64_extend_i32_u: [0xad],
  i64_extend32_s: [0xc4],

  atomic_fence: [0xfe, 0x03, 0x00],
  i32_atomic_load: [0xfe, 0x10],
  i64_atomic_load: [0xfe, 0x11],
  i64_atomic_load32_u: [0xfe, 0x16],
  i64_atomic_rmw_add: [0xfe, 0x1f],
  i64_atomic_rmw32_add: [0xfe, 0x24],
  i64_atomic_rmw_and: [0xfe, 0x2d],
  i64_atomic_rmw32_and: [0xfe, 0x32],
  i64_atomic_rmw_or: [0xfe, 0x34],
  i64_atomic_rmw32_or: [0xfe, 0x39],
  i64_atomic_rmw_xor: [0xfe, 0x3b],
  i64_atomic_rmw32_xor: [0xfe, 0x40],
  i64_atomic_rmw_xchg: [0xfe, 0x42],
  i64_atomic_rmw32_xchg: [0xfe, 0x47],
  i64_atomic_rmw_cmpxchg: [0xfe, 0x49],
  i64_atomic_rmw32_cmpxchg: [0xfe, 0x4e],
} as const satisfies Record<string, readonly number[]>;

export type OpcodeName = keyof typeof OPCODE;

/** Binary form of the value types. */
export const VALUE_TYPE = { i32: 0x7f, i64: 0x7e } as const;
export type ValueType = keyof typeof VALUE_TYPE;
export const EMPTY_BLOCK = 0x40;

/** log2 of the natural alignment in bytes, which atomic accesses must state and others may. */
export function alignmentOf(name: OpcodeName): number {
  if (/load8|store8/.test(name)) return 0;
  if (/load16|store16/.test(name)) return 1;
  if (name.startsWith('i32') || /load32|store32|rmw32/.test(name)) return 2;
  return 3;
}
