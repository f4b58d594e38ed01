// @ts-check
// What I may do here, in words. The server decides; a page is told when it connects, and whenever that changes.

import { lasting } from "./lasting.js"

/** @import { SharedDocument } from "./document.js" */

const READ_ONLY = "You can read this, but not write."

/**
 * @param {SharedDocument} shared
 * @param {HTMLElement} element says so, and is empty while I may write
 */
export function showAccess(shared, element) {
  const show = () => {
    element.dataset.access = shared.access
    element.textContent = shared.access === "read" ? READ_ONLY : ""
  }
  if (!element.role) element.role = "status"
  shared.accessListeners.add(show)
  show()
  return lasting(shared, () => shared.accessListeners.delete(show))
}
