// @ts-check
// Copies a text, also where a page may not use the clipboard.

/** @param {string} text */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    copyBySelection(text) // over plain http from another machine, the clipboard interface is switched off
  }
}

/** @param {string} text */
function copyBySelection(text) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement)
  const area = document.createElement("textarea")
  area.value = text
  const place = focused?.closest("dialog") ?? document.body // while a dialog is open, nothing outside can be selected
  place.append(area)
  area.select()
  const isCopied = document.execCommand("copy")
  area.remove()
  focused?.focus()
  if (!isCopied) throw new Error("This browser does not let the page copy.")
}
