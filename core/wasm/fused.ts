/** Whether the host's WebAssembly multiplies and adds with one rounding: "relaxed" instructions may round twice. */
import { Code, encodeModule } from './encode.ts';

const NEAR_ONE = 1 + 2 ** -30;

/** NEAR_ONE² - (1 + 2^-29), which is 2^-60: lost where the product is rounded by itself. */
function probe(): boolean {
  const code = new Code(0);
  for (const operand of [NEAR_ONE, NEAR_ONE, -(1 + 2 ** -29)]) code.f64(operand).op('f64x2_splat');
  code.op('f64x2_relaxed_madd', 'f64x2_extract_lane_0', 'i64_reinterpret_f64');
  const bytes = encodeModule({
    types: [{ parameters: [], results: ['i64'] }],
    memoryPages: 1,
    importedFunctions: [],
    importedGlobals: [],
    functions: [{ name: 'probe', type: 0, body: code.finish() }],
  });
  if (!WebAssembly.validate(bytes)) return false;
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return (exports.probe as () => bigint)() !== 0n;
}

let answer: boolean | undefined;

/** The same in every thread of this process. */
export function hasFusedMultiplyAdd(): boolean {
  answer ??= probe();
  return answer;
}
