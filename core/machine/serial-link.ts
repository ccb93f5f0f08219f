/** Main's side of the serial port: moves bytes between the rings that the device shares and the host's line. */
import type { CharacterBackend } from './interface.ts';
import type { SerialPort } from './virt.ts';

export class SerialLink {
  readonly #port: SerialPort;
  readonly #line: CharacterBackend;
  #blocked = false;

  constructor(port: SerialPort, line: CharacterBackend) {
    this.#port = port;
    this.#line = line;
    line.onDrain(() => {
      this.#blocked = false;
      this.kicked();
    });
    line.onData((bytes) => {
      const taken = port.input.write(bytes);
      if (taken > 0) port.received();
      return taken;
    });
  }

  /** The device has something to send, or room to receive. */
  kicked(): void {
    while (!this.#blocked) {
      const bytes = this.#port.output.read();
      if (bytes.length === 0) break;
      this.#blocked = !this.#line.write(bytes);
      this.#port.drained();
    }
    if (this.#port.input.space > 0) this.#line.resume();
  }
}
