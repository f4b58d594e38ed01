// @ts-check
// The list of notes, live. Its socket says who is in which note, and that a note changed: then the page fetches its
// own address again and takes the list from it. Django always renders the list.

import { openLobby } from "channels-yjs/lobby.js"
import { personItem } from "channels-yjs/person.js"

/** @import { Person } from "channels-yjs/person.js" */

const host = /** @type {HTMLElement} */ (document.getElementById("notes"))
/** @type {Map<string, Person[]>} */
let people = new Map()

openLobby(host.dataset.socket ?? "", {
  onPeople(now) {
    people = now
    showPeople()
  },
})

function showPeople() {
  for (const card of /** @type {NodeListOf<HTMLElement>} */ (host.querySelectorAll("[data-note]"))) {
    const here = people.get(card.dataset.note ?? "") ?? []
    const list = /** @type {HTMLElement} */ (card.querySelector(".people"))
    list.hidden = here.length === 0
    list.ariaLabel = `In this note: ${here.map((person) => person.name).join(", ")}`
    list.replaceChildren(...here.map(personItem))
  }
}
