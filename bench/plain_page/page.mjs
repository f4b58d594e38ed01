// The smallest page that edits one shared text: CodeMirror, its Yjs binding, the stock provider.
import { EditorState } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { yCollab } from 'y-codemirror.next'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

const doc = new Y.Doc()
const text = doc.getText('body')
const provider = new WebsocketProvider(location.hash.slice(1), 'plain', doc, { disableBc: true })
new EditorView({
  parent: document.body,
  state: EditorState.create({ extensions: [yCollab(text, provider.awareness), EditorView.contentAttributes.of({ 'aria-label': 'Note' })] })
})
provider.on('sync', () => { document.body.dataset.state = 'live' })
