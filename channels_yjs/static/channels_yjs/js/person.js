// @ts-check
// A person as a page shows them. Another client's state may be anything.

/**
 * @typedef {{ name: string, color: string, reads?: boolean, guest?: boolean }} Person `reads`: they cannot write;
 *   `guest`: they chose the name, where others have accounts
 */

export const NAME_MAX_LENGTH = 40

/** @param {any} state of a client */
export function nameOf(state) {
  const name = state?.user?.name
  return (typeof name === "string" && shortened(name)) || "Somebody"
}

/** @param {string} name is cut between characters: half an emoji is no text */
function shortened(name) {
  return [...name.trim()].slice(0, NAME_MAX_LENGTH).join("")
}

/** @param {any} state of a client */
export function colorOf(state) {
  return safeColor(state?.user?.color)
}

/**
 * @param {any} state of a client
 * @returns {Person}
 */
export function personOf(state) {
  const { reads, guest } = state?.user ?? {}
  return { name: nameOf(state), color: colorOf(state), reads: reads === true, guest: guest === true }
}

/** @param {Person & { isMe?: boolean }} person */
export function personItem({ name, color, isMe = false, reads = false, guest = false }) {
  const item = document.createElement("li")
  item.className = "person"
  const swatch = document.createElement("span")
  swatch.className = "swatch"
  swatch.style.setProperty("--person", safeColor(color))
  const text = document.createElement("bdi")
  text.textContent = name
  item.append(swatch, text)
  if (guest) item.append(" (guest)")
  if (isMe) item.append(" (you)")
  if (reads) item.append(" (reads)")
  return item
}

/** @param {unknown} color */
function safeColor(color) {
  return typeof color === "string" && /^#[0-9a-f]{6}$/i.test(color) ? color : "#57534e"
}
