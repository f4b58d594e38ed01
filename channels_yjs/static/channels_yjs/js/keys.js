// @ts-check
// Keys by the letter on them.

/**
 * Whether an event is of this letter's key: in a Cyrillic or Greek layout, of the key that has it in a Latin one.
 *
 * @param {KeyboardEvent} event
 * @param {string} letter
 */
export function isKey({ key, code }, letter) {
  const isLatin = key.length > 1 || key <= "\x7f"
  return isLatin ? key.toLowerCase() === letter : code === `Key${letter.toUpperCase()}`
}
