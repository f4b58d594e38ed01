// @ts-check
// The people here. Presence travels as awareness states; this module sends mine and shows all.

import { lasting } from "./lasting.js"
import { personItem, personOf } from "./person.js"

/**
 * @import { SharedDocument } from "./document.js"
 * @import { Person } from "./person.js"
 */

/**
 * Tells everybody who I am.
 *
 * @param {SharedDocument} shared
 * @param {Person} me
 */
export function introduce({ awareness }, { name, color }) {
  awareness.setLocalStateField("user", { name, color, colorLight: `${color}33` })
}

/**
 * @param {SharedDocument} shared
 * @param {HTMLElement} list
 */
export function showPeople(shared, list) {
  const { awareness } = shared
  let shown = ""
  const show = () => {
    const people = [...awareness.getStates()]
      .map(([id, state]) => ({ ...personOf(state), isMe: id === awareness.clientID }))
      .sort((a, b) => Number(b.isMe) - Number(a.isMe) || a.name.localeCompare(b.name))
    const now = JSON.stringify(people)
    if (now === shown) return // somebody only moved a cursor
    shown = now
    list.replaceChildren(...people.map(personItem))
  }
  awareness.on("change", show)
  show()
  return lasting(shared, () => awareness.off("change", show))
}
