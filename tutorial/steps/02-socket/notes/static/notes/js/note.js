// Opens the note's WebSocket, sends what is written, and shows what comes back.

const page = document.getElementById("note")
const connection = document.getElementById("connection")
const changes = document.getElementById("changes")
const body = document.getElementById("body")

const scheme = location.protocol === "https:" ? "wss" : "ws"
const socket = new WebSocket(`${scheme}://${location.host}/ws/notes/${page.dataset.note}`)

socket.addEventListener("open", () => show("live", "Live"))
socket.addEventListener("close", () => show("offline", "Offline: reload this page to connect again"))
socket.addEventListener("message", (event) => {
  changes.textContent = `The server heard ${event.data.length} letters`
})
body.addEventListener("input", () => socket.send(body.value))

function show(state, words) {
  connection.dataset.state = state
  connection.textContent = words
}
