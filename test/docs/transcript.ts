/** Examples in documents: code blocks by language, and what they promise as patterns. */

export interface Block {
  readonly language: string;
  readonly text: string;
}

/** The fenced code blocks of a document. */
export const blocksOf = (markdown: string): readonly Block[] =>
  Array.from(markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms), ([, language, text]) => ({
    language: language!,
    text: text!.trimEnd(),
  }));

/** A thing that is said, and what comes back. */
export interface Exchange {
  readonly said: string;
  readonly expected: string;
}

/** Cuts a transcript: lines that begin with `prompt` are said. What comes before the first one is not looked at. */
export const exchangesOf = (text: string, prompt: string): readonly Exchange[] =>
  text
    .split(new RegExp(`^${prompt.replace(/[()]/g, '\\$&')}`, 'm'))
    .slice(1)
    .map((part) => {
      const [said, ...expected] = part.split('\n');
      return { said: said!, expected: expected.join('\n').trimEnd() };
    });

const NUMBER = /0x[\da-f]+|\d[\d,.]*(?<=\d)/g;

/** Text in which all numbers and all spaces are alike. */
const leveled = (text: string): string => text.replace(NUMBER, '0').replace(/\s+/g, ' ').trim();

/** Whether `actual` is of the form that was promised: numbers may differ, and `...` stands for anything. */
export const isAsPromised = (actual: string, expected: string): boolean =>
  new RegExp(
    `^${leveled(expected)
      .split('...')
      .map((part) => part.replace(/[\\^$.*+?|()[\]{}]/g, '\\$&'))
      .join('.*')}$`,
  ).test(leveled(actual));
