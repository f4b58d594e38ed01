// @ts-check
// Ctrl-S: anyone who presses it wants to know that nothing will be lost. So the page says whether all is saved, and the
// browser does not ask where to put a copy of the page.

import { isKey } from "./keys.js"

const SHOWN_MS = 4000

/** @type {Record<string, string>} */
const WORDS = {
  saved: "Everything is saved already.",
  saving: "Your changes are being saved.",
  unsent: "Not saved yet: this page is offline.",
  gone: "Not saved any more: this is no longer on the server.",
}

/**
 * @param {HTMLElement} changes shows whether all is saved
 * @param {HTMLElement} answer
 */
export function answerSaveKey(changes, answer) {
  /** @type {number | undefined} */
  let timer

  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    const { ctrlKey, metaKey, altKey, shiftKey } = event
    if (!isKey(event, "s") || !(ctrlKey || metaKey) || altKey || shiftKey) return
    event.preventDefault()
    clearTimeout(timer)
    answer.textContent = "" // so that it is read out each time
    timer = setTimeout(() => {
      answer.textContent = WORDS[changes.dataset.state ?? ""] ?? changes.textContent
      timer = setTimeout(() => (answer.textContent = ""), SHOWN_MS)
    })
  }
  document.addEventListener("keydown", onKey)
  return {
    destroy() {
      clearTimeout(timer)
      document.removeEventListener("keydown", onKey)
    },
  }
}
