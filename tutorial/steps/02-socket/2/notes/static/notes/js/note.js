// Opens the note's WebSocket, and shows whether it is open.

const page = document.getElementById("note")
const connection = document.getElementById("connection")

const scheme = location.protocol === "https:" ? "wss" : "ws"
const socket = new WebSocket(`${scheme}://${location.host}/ws/notes/${page.dataset.note}`)

socket.addEventListener("open", () => show("live", "Live"))
socket.addEventListener("close", () => show("offline", "Offline: reload this page to connect again"))

function show(state, words) {
  connection.dataset.state = state
  connection.textContent = words
}
