/** Filters of plugins: checked once, when a plugin is loaded, and applied to each block before the plugin is shown it. */
import { type BlockInfo, type Filter, INSTRUCTION_CLASSES } from './plugin.ts';

/**
 * @param count of the machine's vCPUs
 * @throws TypeError what about it makes no sense; RangeError if it names a vCPU that the machine has not got
 */
export function checkFilter(filter: Filter, count: number): Filter {
  if (typeof filter !== 'object' || filter === null)
    throw new TypeError(`its filter is ${String(filter)}: expected an object`);
  const { vcpus = [], range, classes = [] } = filter;
  if (!Array.isArray(vcpus) || !vcpus.every(Number.isInteger))
    throw new TypeError('`vcpus` of its filter: expected a list of numbers');
  const absent = vcpus.find((index) => index < 0 || index >= count);
  if (absent !== undefined) throw new RangeError(`there is no vCPU ${absent}: expected one from 0 to ${count - 1}`);
  for (const bound of range ? [range.from, range.to] : [])
    if (typeof bound !== 'bigint') throw new TypeError('`range` of its filter: expected bigints `from` and `to`');
  const known: readonly unknown[] = INSTRUCTION_CLASSES;
  if (!Array.isArray(classes) || !classes.every((one) => known.includes(one)))
    throw new TypeError(`\`classes\` of its filter: expected a list of ${known.join(', ')}`);
  return filter;
}

/** What of `block` a plugin with this filter is shown on a vCPU; undefined where it is nothing. */
export function visibleOf(block: BlockInfo, { vcpus, range, classes }: Filter, vcpu: number): BlockInfo | undefined {
  if (vcpus && !vcpus.includes(vcpu)) return undefined;
  if (!range && !classes) return block;
  const instructions = block.instructions.filter(
    (instruction) =>
      (!range || (instruction.pc >= range.from && instruction.pc < range.to)) &&
      (!classes || classes.includes(instruction.class)),
  );
  return instructions.length > 0 ? { ...block, instructions } : undefined;
}
