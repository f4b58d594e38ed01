import { openLobby } from "channels-yjs/lobby.js"
import { personItem } from "channels-yjs/person.js"

const lists = document.querySelectorAll("[data-meeting]")

openLobby("/ws/meetings", {
  onPeople(people) {
    for (const list of lists) list.replaceChildren(...(people.get(list.dataset.meeting) ?? []).map(personItem))
  },
})
