/** Our own ways of running RAM images until they end the machine. */
import { createInterpreterMachine, type InterpreterMachineOptions } from '../../support/interpreter-driver.ts';
import { createOracle } from '../../support/oracle.ts';
import { FINISHER, MTIMECMP, RAM_MIB } from './image.ts';

export interface Engine {
  readonly name: string;
  /**
   * Runs the image, and says what RAM then holds, and how many instructions have retired.
   * @throws Error where the image does not come to its end
   */
  run(image: Uint8Array): { readonly ram: Uint8Array; readonly instructions: number };
}

const RAM_BYTES = RAM_MIB << 20;
const STEPS_MAX = 1_000_000;

/** What the images use of the board: they write to two registers. */
function createDevices() {
  const devices = {
    ended: false,
    read: () => undefined,
    write(address: number): boolean {
      devices.ended ||= address === FINISHER;
      return address === FINISHER || address === MTIMECMP;
    },
  };
  return devices;
}

export const ORACLE: Engine = {
  name: 'oracle',
  run(image) {
    const devices = createDevices();
    const write = (address: bigint): boolean => devices.write(Number(address));
    const oracle = createOracle({ ramBytes: RAM_BYTES, code: image, devices: { ...devices, write } });
    for (let step = 0; !devices.ended; step++) {
      if (step === STEPS_MAX) throw new Error(`the oracle is still at 0x${oracle.hart.state.pc.toString(16)}`);
      oracle.step();
    }
    return { ram: oracle.ram.slice(0, image.length), instructions: Number(oracle.hart.state.minstret) };
  },
};

/** A vCPU with these options. */
export const vcpuEngine = (name: string, options: InterpreterMachineOptions): Engine => ({
  name,
  run(image) {
    const bus = createDevices();
    const { vcpu, ram } = createInterpreterMachine({ ...options, ramBytes: RAM_BYTES, stopsAtTraps: false, bus });
    ram.set(image);
    for (let calls = 0; !bus.ended; calls++) {
      if (calls === STEPS_MAX) throw new Error(`the ${name} is still at 0x${vcpu.hart.state.pc.toString(16)}`);
      vcpu.run(10);
    }
    return { ram: ram.slice(0, image.length), instructions: Number(vcpu.hart.state.minstret) };
  },
});
