// Opens the note's WebSocket, sends what is written, and shows what comes back. When the connection is lost, tries again.

const RETRY_MS = 1000

const page = document.getElementById("note")
const connection = document.getElementById("connection")
const changes = document.getElementById("changes")
const body = document.getElementById("body")
let socket

connect()
body.addEventListener("input", () => socket.send(body.value))

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws"
  socket = new WebSocket(`${scheme}://${location.host}/ws/notes/${page.dataset.note}`)
  socket.addEventListener("open", () => show("live", "Live"))
  socket.addEventListener("close", () => {
    show("offline", "Offline: trying again")
    setTimeout(connect, RETRY_MS)
  })
  socket.addEventListener("message", (event) => {
    changes.textContent = `The server heard ${event.data.length} letters`
  })
}

function show(state, words) {
  connection.dataset.state = state
  connection.textContent = words
}
