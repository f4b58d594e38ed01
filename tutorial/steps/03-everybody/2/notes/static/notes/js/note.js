// Sends the whole note at every key, and shows when it is saved.

const page = document.getElementById("note")
const connection = document.getElementById("connection")
const changes = document.getElementById("changes")
const title = document.getElementById("title")
const body = document.getElementById("body")
let number = 0 // of my newest change

const scheme = location.protocol === "https:" ? "wss" : "ws"
const socket = new WebSocket(`${scheme}://${location.host}/ws/notes/${page.dataset.note}`)

socket.addEventListener("close", () => show("offline", "Offline: reload this page to connect again"))
socket.addEventListener("message", (event) => {
  const message = JSON.parse(event.data)
  if ("text" in message) {
    title.value = message.title
    body.value = message.text
    show("live", "Live")
  } else if (message.saved === number) {
    changes.textContent = "Saved"
  }
})
for (const field of [title, body]) {
  field.addEventListener("input", () => {
    changes.textContent = "Saving…"
    socket.send(JSON.stringify({ number: ++number, title: title.value, text: body.value }))
  })
}

function show(state, words) {
  connection.dataset.state = state
  connection.textContent = words
}
