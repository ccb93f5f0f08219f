/** Arguments of a command, as people write them. */
import { readJson } from '../json.ts';
import { UsageError } from './options.ts';

/** What is JSON is meant as such; anything else is a text. */
function readValue(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return text;
  }
}

/**
 * @param words each `NAME=VALUE`, where a value is JSON or a text; or one that is a JSON object
 * @throws UsageError
 */
export function parseArguments(words: readonly string[]): object {
  const [first] = words;
  if (words.length === 1 && first!.startsWith('{')) {
    try {
      return readJson(first!) as object;
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
  }
  const pairs = words.map((word): [string, unknown] => {
    const [, name, text] = /^([\w-]+)=(.*)$/s.exec(word) ?? [];
    if (name === undefined) throw new UsageError(`'${word}' is no argument: expected NAME=VALUE`);
    return [name, readValue(text!)];
  });
  return Object.fromEntries(pairs);
}
