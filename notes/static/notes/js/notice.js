// @ts-check
// What to say when the server has closed the line for good, and what a person can do then. The text stays.

/** @import { WebsocketProvider } from "y-websocket" */

const NO_SUCH_NOTE = 4404

/** @type {Record<number, string>} */
const WORDS = {
  4400: "The server did not understand this page. Copy your text, then reload.",
  [NO_SUCH_NOTE]: "This note has been deleted. Its text stays here until you leave, so that you can copy it.",
  4413: "A change was larger than the server takes. Copy your text, then reload and paste it in parts.",
  4429: "This page sent more than the server takes at a time.",
}

/**
 * @param {object} parts
 * @param {WebsocketProvider} parts.provider
 * @param {HTMLElement} parts.element
 * @param {() => string} parts.getText
 * @param {() => void} parts.onDeleted
 */
export function showNotices({ provider, element, getText, onDeleted }) {
  /** @param {{ code: number }} closed */
  const onClosed = ({ code }) => {
    const words = document.createElement("p")
    words.textContent = WORDS[code] ?? `The server closed the line (code ${code}).`
    const copy = button("Copy text", async () => {
      await copyText(getText())
      copy.textContent = "Copied"
    })
    const actions = [copy]
    if (code === NO_SUCH_NOTE) onDeleted()
    else actions.push(button("Try again", () => ((element.hidden = true), provider.connect())))
    element.replaceChildren(words, ...actions)
    element.hidden = false
  }
  provider.on("closed", onClosed)
  return { destroy: () => provider.off("closed", onClosed) }
}

/** @param {string} text */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    copyBySelection(text) // plain http on another machine: there the clipboard interface is switched off
  }
}

/** @param {string} text */
function copyBySelection(text) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement)
  const area = document.createElement("textarea")
  area.value = text
  document.body.append(area)
  area.select()
  document.execCommand("copy")
  area.remove()
  focused?.focus()
}

/**
 * @param {string} label
 * @param {() => void} onClick
 */
function button(label, onClick) {
  const element = document.createElement("button")
  element.type = "button"
  element.textContent = label
  element.addEventListener("click", onClick)
  return element
}
