// @ts-check
// My name, and a field to change it.

import { introduce } from "channels-yjs"
import { rename } from "./identity.js"

/**
 * @import { SharedDocument } from "channels-yjs"
 * @import { Person } from "channels-yjs"
 */

/**
 * @param {SharedDocument} shared
 * @param {Person} me
 * @param {HTMLInputElement} input
 */
export function showMyName(shared, me, input) {
  const onName = () => {
    me = rename(me, input.value)
    introduce(shared, me)
  }
  const onNameDone = () => {
    input.value = me.name
  }
  onNameDone()
  introduce(shared, me)
  input.addEventListener("input", onName)
  input.addEventListener("change", onNameDone)
}
