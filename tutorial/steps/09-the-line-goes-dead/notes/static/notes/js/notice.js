// @ts-check
// What to say when the server has closed the line for good, and what a person can do then. The text stays.

/** @import { WebsocketProvider } from "y-websocket" */

const NO_SUCH_NOTE = 4404
const TOO_LARGE = 4413
const FAR_TOO_LARGE = 1009 // the WebSocket's own code, of a server that did not even read the frame

/** @type {Record<number, string>} */
const WORDS = {
  4400: "The server did not understand this page. Copy your text, then reload.",
  [NO_SUCH_NOTE]: "This note has been deleted. Its text stays here until you leave, so that you can copy it.",
  [TOO_LARGE]:
    "Your last change is not saved: it is larger than the server takes at a time, or this note is full. " +
    "Copy your text, then reload and paste less of it.",
  4429: "The server closed the line: too much came from this page, or too many pages from one network. Reload to try again.",
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
  /** @param {CloseEvent | null} event */
  const onLost = (event) => {
    if (event?.code !== FAR_TOO_LARGE) return
    provider.disconnect() // or it would send the same again and again
    queueMicrotask(() => provider.emit("closed", [{ code: TOO_LARGE, reason: "" }, provider]))
  }
  provider.on("closed", onClosed)
  provider.on("connection-close", onLost)
  return {
    destroy() {
      provider.off("closed", onClosed)
      provider.off("connection-close", onLost)
    },
  }
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
