// Shows the note as the server sends it.

const page = document.getElementById("note")
const connection = document.getElementById("connection")
const title = document.getElementById("title")
const body = document.getElementById("body")

const scheme = location.protocol === "https:" ? "wss" : "ws"
const socket = new WebSocket(`${scheme}://${location.host}/ws/notes/${page.dataset.note}`)

socket.addEventListener("close", () => show("offline", "Offline: reload this page to connect again"))
socket.addEventListener("message", (event) => {
  const message = JSON.parse(event.data)
  title.value = message.title
  body.value = message.text
  show("live", "Live")
})

function show(state, words) {
  connection.dataset.state = state
  connection.textContent = words
}
