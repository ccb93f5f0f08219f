/** The description of the protocol by itself: entries of `query-qmp-schema`. */
import { any, bool, type Infer, list, oneOf, optional, str, struct } from '../build.ts';

const MetaType = oneOf(
  'SchemaMetaType',
  ['builtin', 'enum', 'array', 'object', 'command', 'event'],
  'What the entry describes.',
);

const Member = struct('SchemaInfoMember', {
  name: str('Name of the member, or of the value of an enum.'),
  type: optional(str('Name of its type; absent for the values of an enum.')),
  default: optional(any('Present, as null, where the member may be left out.')),
});

const Variant = struct('SchemaInfoVariant', {
  case: str('Value of the tag.'),
  type: str('Object of the members that it adds.'),
});

/** One entry: `name` and `meta-type`, and what the meta-type adds. */
export const SchemaInfo = struct('SchemaInfo', {
  name: str('Name of the command, event or built-in type; a number for other types, `[NAME]` for arrays.'),
  'meta-type': MetaType,
  'json-type': optional(str('Of a built-in type: string, number, int, boolean, null or value.')),
  values: optional(list(str(), 'Of an enum: its values.')),
  'element-type': optional(str('Of an array: the type of its elements.')),
  tag: optional(str('Of an object with variants: the member that says which one it is.')),
  variants: optional(list(Variant, 'Of such an object: what more it has, by the value of the tag.')),
  members: optional(list(Member, 'Of an object: its members. Of an enum: its values.')),
  'arg-type': optional(str('Of a command: the object of its arguments. Of an event: the object of its data.')),
  'allow-oob': optional(bool('Of a command: present and true where `exec-oob` may run it.')),
  'ret-type': optional(str('Of a command: the type of what it returns.')),
});
export type SchemaInfo = Infer<typeof SchemaInfo>;
