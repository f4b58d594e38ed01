// Hocuspocus, started as in its documentation, listening on 127.0.0.1 and storing nothing.
import { Server } from '@hocuspocus/server'

await new Server({ port: Number(process.argv[2]), address: '127.0.0.1', quiet: true }).listen()
