// Who is in which meeting, while they are. A meeting that is new to this person comes with the next load of the page.
import { personItem } from "channels-yjs/person.js"

connect()

function connect() {
  const socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws/meetings`)
  socket.addEventListener("message", ({ data }) => {
    for (const [meeting, people] of Object.entries(JSON.parse(data).people ?? {})) {
      document.querySelector(`[data-meeting="${meeting}"]`)?.replaceChildren(...people.map(personItem))
    }
  })
  socket.addEventListener("close", ({ code }) => {
    if (code !== 4403) setTimeout(connect, 1000)
  })
}
