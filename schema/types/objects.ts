/** The tree of objects, and the types that they are of. */
import { any, bool, optional, str, struct } from '../build.ts';

export const ObjectPropertyInfo = struct('ObjectPropertyInfo', {
  name: str('Name of the property.'),
  type: str('Its type; `child<TYPE>` for an object below this one, `link<TYPE>` for one elsewhere.'),
  description: optional(str('What it says.')),
  'default-value': optional(any('What it is unless something else is asked for.')),
});

export const ObjectTypeInfo = struct('ObjectTypeInfo', {
  name: str('Name of the type.'),
  abstract: optional(bool('True if there are no objects of just this type.')),
  parent: optional(str('What it derives from.')),
});
