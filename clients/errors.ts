/** What can go wrong with a command. */

/** QMP's error classes. */
export type ErrorClass = 'GenericError' | 'CommandNotFound' | 'DeviceNotActive' | 'DeviceNotFound' | 'KVMMissingCap';

/** The daemon has refused a command, or failed to carry it out. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly errorClass: ErrorClass;
  constructor(message: string, errorClass: ErrorClass) {
    super(message);
    this.errorClass = errorClass;
  }
}

/** There is no connection. A command that was under way may have been carried out or not. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}
