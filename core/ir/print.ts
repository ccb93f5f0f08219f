/** Fragments as text, one op a line: `%3 = add %1 %2`, `store.4 %0 %3`, `set rd %3`. */
import { type Fragment, isField, OPS, type Op } from './ops.ts';

function attributes(op: Op): string {
  const words: string[] = [];
  if (op.register !== undefined) words.push(isField(op.register) ? op.register.field : `r${op.register}`);
  if (op.value !== undefined) words.push(isField(op.value) ? op.value.field : op.value.toString());
  if (op.counter !== undefined) words.push(isField(op.counter) ? op.counter.field : `counter${op.counter}`);
  if (op.log !== undefined) words.push(isField(op.log) ? op.log.field : `log${op.log}`);
  if (op.tag !== undefined) words.push(isField(op.tag) ? op.tag.field : `tag${op.tag}`);
  if (op.callback !== undefined) words.push(isField(op.callback) ? op.callback.field : `callback${op.callback}`);
  if (op.door !== undefined) words.push(op.door);
  return words.map((word) => ` ${word}`).join('');
}

export function print(fragment: Fragment): string {
  return fragment
    .map((op, index) => {
      const suffix = `${op.kind ? `.${op.kind}` : ''}${op.bytes ? `.${op.bytes}` : ''}${op.integerBytes ? `.${op.integerBytes}` : ''}${op.signed ? 's' : ''}`;
      const result = OPS[op.name].result === 'none' ? '' : `%${index} = `;
      return `${result}${op.name}${suffix}${attributes(op)}${op.args.map((arg) => ` %${arg}`).join('')}\n`;
    })
    .join('');
}
