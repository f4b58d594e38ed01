// @ts-check
// The list of people here, and my own name in it. Presence travels as awareness states; this module shows them.

import { NAME_MAX_LENGTH, rename } from "./identity.js"

/**
 * @import { Awareness } from "y-protocols/awareness"
 * @import { Person } from "./identity.js"
 */

/**
 * @param {Awareness} awareness
 * @param {Person} me
 * @param {HTMLElement} list
 * @param {HTMLInputElement} input
 */
export function showPeople(awareness, me, list, input) {
  let shown = ""
  input.value = me.name
  awareness.setLocalStateField("user", me)

  const show = () => {
    const people = [...awareness.getStates()].map(([id, state]) => ({
      name: nameOf(state),
      color: colorOf(state),
      isMe: id === awareness.clientID,
    }))
    people.sort((a, b) => Number(b.isMe) - Number(a.isMe) || a.name.localeCompare(b.name))
    const now = JSON.stringify(people)
    if (now === shown) return // somebody only moved a cursor
    shown = now
    list.replaceChildren(...people.map(personItem))
  }
  const onName = () => {
    me = rename(me, input.value)
    awareness.setLocalStateField("user", me)
  }
  const onNameDone = () => {
    input.value = me.name
  }
  awareness.on("change", show)
  input.addEventListener("input", onName)
  input.addEventListener("change", onNameDone)
  show()
  return {
    destroy() {
      awareness.off("change", show)
      input.removeEventListener("input", onName)
      input.removeEventListener("change", onNameDone)
    },
  }
}

/** @param {{ name: string, color: string, isMe?: boolean }} person */
export function personItem({ name, color, isMe = false }) {
  const item = document.createElement("li")
  item.className = "person"
  const swatch = document.createElement("span")
  swatch.className = "swatch"
  swatch.style.setProperty("--person", safeColor(color))
  const text = document.createElement("bdi")
  text.textContent = name
  item.append(swatch, text)
  if (isMe) item.append(" (you)")
  return item
}

/** @param {any} state what another client sent: it may be anything */
export function nameOf(state) {
  const name = state?.user?.name
  return typeof name === "string" && name.trim() ? name.trim().slice(0, NAME_MAX_LENGTH) : "Somebody"
}

/** @param {any} state */
export function colorOf(state) {
  return safeColor(state?.user?.color)
}

/** @param {unknown} color */
function safeColor(color) {
  return typeof color === "string" && /^#[0-9a-f]{6}$/i.test(color) ? color : "#57534e"
}
