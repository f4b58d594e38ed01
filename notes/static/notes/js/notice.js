// @ts-check
// The notices for a connection that the server closed for good, and for an editor that failed, with what a person can
// do then. The text stays, to be copied.

import { copyText } from "channels-yjs"

/** @import { SharedDocument } from "channels-yjs" */

const NO_SUCH_NOTE = 4404
const ANOTHER_NOTE = 4409
const TOO_LARGE = 4413

/** @type {Record<number, string>} */
const WORDS = {
  4400: "The server did not understand this page. Copy your text, then reload.",
  4403:
    "You may not open this note, or you have been logged out. Its text stays here until you leave, so that you can " +
    "copy it.",
  [NO_SUCH_NOTE]: "This note has been deleted. Its text stays here until you leave, so that you can copy it.",
  [ANOTHER_NOTE]:
    "Another note has this number now, so nothing from this page was sent to it. Your text stays here until you " +
    "leave, so that you can copy it. Reload to see the other note.",
  [TOO_LARGE]:
    "Your last change is not saved: it is larger than the server accepts at once, or this note is full. " +
    "Copy your text, then reload and paste less of it.",
  4429:
    "The server closed the connection: this page sent too much, or one network has too many pages open. " +
    "Reload to try again.",
}

const LOST =
  "The editor on this page failed, and it showed something other than this note. The note is shown again. " +
  "If something that you wrote is missing, copy the text as it was and paste the missing part."

/**
 * @param {SharedDocument} shared
 * @param {HTMLElement} element
 * @param {object} parts
 * @param {HTMLElement[]} parts.hosts in which the texts stand until their editors are there
 * @param {() => void} parts.onDeleted
 */
export function showNotices({ texts, editors, provider }, element, { hosts, onDeleted }) {
  /** @type {string[]} */
  const lost = []
  let isOfClosed = false // what the notice says is no longer so once the connection is back
  /**
   * @param {string} sentence
   * @param {() => string} getCopied
   * @param {...HTMLElement} actions
   */
  const show = (sentence, getCopied, ...actions) => {
    const words = document.createElement("p")
    words.textContent = sentence
    const copy = button("Copy text", async () => {
      await copyText(getCopied())
      copy.textContent = "Copied"
    })
    element.replaceChildren(words, copy, ...actions)
    element.hidden = false
  }
  /** @param {{ code: number }} closed */
  const onClosed = ({ code }) => {
    const actions = []
    if (code === NO_SUCH_NOTE || code === ANOTHER_NOTE) onDeleted()
    else actions.push(button("Try again", () => ((element.hidden = true), provider.connect())))
    const getTexts = () => (editors.length ? Object.values(texts).map(String) : hosts.map(({ innerText }) => innerText))
    const getAll = () => [...getTexts().filter((text) => text.trim()), ...lost].join("\n\n")
    show(WORDS[code] ?? `The server closed the connection (code ${code}).`, getAll, ...actions)
    isOfClosed = true
  }
  provider.on("closed", onClosed)
  provider.on("sync", (/** @type {boolean} */ isSynced) => {
    if (!isSynced || !isOfClosed) return
    element.hidden = true
    if (lost.length) showLost()
  })
  const showLost = () => {
    const close = button("Close", () => ((lost.length = 0), (element.hidden = true)))
    show(LOST, () => lost.join("\n\n"), close)
    isOfClosed = false
  }
  return {
    /** @param {string} text of a failed editor that the document does not have */
    offerLost(text) {
      if (!lost.includes(text)) lost.push(text)
      showLost()
    },
  }
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
