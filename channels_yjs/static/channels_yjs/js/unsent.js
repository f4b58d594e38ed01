// @ts-check
// The texts of a page from which the server did not take everything, since their writer may only read now: to be
// copied.

import { copyText } from "./copy.js"

const SENTENCE = "You may only read this now, and not everything you wrote was taken. This is the text as you had it:"

/**
 * @param {HTMLElement} element shows the texts until somebody closes them, below those that it shows already. Until they
 *   have been copied or closed, leaving the page asks first
 * @param {Record<string, string>} texts by name
 */
export function showUnsent(element, texts) {
  const shown = Object.values(texts).filter((text) => text.trim())
  const sentence = document.createElement("p")
  sentence.textContent = SENTENCE
  const copies = shown.map((text) => {
    const copy = document.createElement("blockquote")
    copy.className = "unsent"
    copy.dir = "auto"
    copy.textContent = text
    return copy
  })
  /** @param {BeforeUnloadEvent} event */
  const onLeave = (event) => event.preventDefault()
  const letLeave = () => window.removeEventListener("beforeunload", onLeave)
  const copy = button("Copy text", async () => {
    await copyText(shown.join("\n\n"))
    copy.textContent = "Copied"
    letLeave()
  })
  const notice = document.createElement("div")
  const destroy = () => {
    notice.remove()
    element.hidden = element.childElementCount === 0
    letLeave()
  }
  notice.append(sentence, ...copies, copy, button("Close", destroy))
  element.append(notice)
  element.hidden = false
  window.addEventListener("beforeunload", onLeave)
  return { destroy }
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
