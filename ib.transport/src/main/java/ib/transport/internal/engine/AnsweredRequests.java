// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.MemoryStatus;
import ib.transport.wire.Aeth;
import ib.transport.wire.Feth;
import ib.transport.wire.Opcode;
import ib.transport.wire.Psn;
import ib.verbs.AccessFlags;
import ib.verbs.FlushPlacement;

/**
 * The requests of a reliable connection that are answered with more than an acknowledgement: READs,
 * atomics, ATOMIC WRITE and FLUSH, the first time and again (specification 9.7.5.1.3 and 9.4.5,
 * annex A19).
 */
final class AnsweredRequests {
  private final RcQp qp;
  private final EngineCore core;
  private final RcAnswerer answerer;
  private final Answers answers;
  private final SavedAtomics atomics = new SavedAtomics();

  AnsweredRequests(RcQp qp, RcAnswerer answerer) {
    this.qp = qp;
    core = qp.core;
    this.answerer = answerer;
    answers = answerer.answers;
  }

  void start(int most) {
    atomics.start(most);
  }

  /** Changes how many READs and atomics may wait. */
  void limit(int most) {
    answers.limit(most);
    atomics.limit(most);
  }

  void forget() {
    atomics.clear();
  }

  /** Executes a new request; false if it is of another kind. */
  boolean execute(Inbound packet) {
    switch (packet.opcode) {
      case Opcode.READ_REQUEST -> executeRead(packet);
      case Opcode.COMPARE_SWAP, Opcode.FETCH_ADD -> executeAtomic(packet);
      case Opcode.ATOMIC_WRITE -> executeAtomicWrite(packet);
      case Opcode.FLUSH -> executeFlush(packet);
      default -> {
        return false;
      }
    }
    return true;
  }

  /** Answers a request again that was executed before; false if it is of another kind. */
  boolean replay(Inbound packet) {
    switch (packet.opcode) {
      case Opcode.READ_REQUEST -> replayRead(packet);
      case Opcode.COMPARE_SWAP, Opcode.FETCH_ADD -> replayAtomic(packet);
      case Opcode.ATOMIC_WRITE, Opcode.FLUSH -> {
        if (!answers.rewindTo(packet.psn)) {
          answers.replayShort(packet.psn, Opcode.READ_RESPONSE_ONLY, 0);
        }
      }
      default -> {
        return false;
      }
    }
    answerer.wake();
    return true;
  }

  /** Answered as the first time; one whose answer is not saved any more is dropped. */
  private void replayAtomic(Inbound packet) {
    if (!answers.rewindTo(packet.psn) && atomics.find(packet.psn)) {
      answers.replayShort(packet.psn, Opcode.ATOMIC_ACK, atomics.original());
    }
  }

  private void executeRead(Inbound packet) {
    long bytes = packet.rethLength();
    if ((qp.attributes.accessFlags() & AccessFlags.REMOTE_READ) == 0) {
      answerer.refuse(Aeth.NAK_INVALID_REQUEST, "the queue pair admits no remote READ");
    } else if (bytes > RcQp.MAX_MESSAGE_BYTES) {
      answerer.refuse(Aeth.NAK_INVALID_REQUEST, "READ of " + bytes + " bytes");
    } else if (!answers.admits()) {
      answerer.refuse(Aeth.NAK_INVALID_REQUEST, "more READs than responder resources");
    } else {
      MemoryStatus status =
          core.mover.checkRemote(
              qp.backend, packet.rethKey(), packet.rethVa(), bytes, AccessFlags.REMOTE_READ);
      if (status != MemoryStatus.OK) {
        answerer.refuse(Aeth.NAK_REMOTE_ACCESS_ERROR, "READ refused: " + status);
        return;
      }
      answers.add(packet.psn, packet.rethVa(), packet.rethKey(), (int) bytes, qp.mtu);
      answerer.answered(packet, Psn.packets(bytes, qp.mtu));
    }
  }

  private boolean admitsRight(int right) {
    return (qp.attributes.accessFlags() & right) == right;
  }

  private void executeAtomic(Inbound packet) {
    if (!admitsRight(AccessFlags.REMOTE_ATOMIC)) {
      answerer.refuse(Aeth.NAK_INVALID_REQUEST, "the queue pair admits no atomics");
    } else if ((packet.atomicVa() & (Long.BYTES - 1)) != 0) {
      answerer.refuse(Aeth.NAK_INVALID_REQUEST, "an atomic at an address that is no multiple of 8");
    } else if (!answers.admits()) {
      answerer.refuse(Aeth.NAK_INVALID_REQUEST, "more READs and atomics than responder resources");
    } else {
      MemoryStatus status =
          core.mover.atomic(
              qp.backend,
              packet.atomicKey(),
              packet.atomicVa(),
              packet.opcode == Opcode.COMPARE_SWAP,
              packet.atomicSwapOrAdd(),
              packet.atomicCompare());
      if (status != MemoryStatus.OK) {
        answerer.refuse(Aeth.NAK_REMOTE_ACCESS_ERROR, "atomic refused: " + status);
        return;
      }
      atomics.add(packet.psn, core.mover.original());
      answer(packet, Opcode.ATOMIC_ACK, core.mover.original());
    }
  }

  private void executeAtomicWrite(Inbound packet) {
    if (!admitsRight(AccessFlags.REMOTE_WRITE)) {
      answerer.refuse(Aeth.NAK_INVALID_REQUEST, "the queue pair admits no remote WRITE");
    } else if (packet.payloadBytes != Long.BYTES
        || packet.rethLength() != Long.BYTES
        || (packet.rethVa() & (Long.BYTES - 1)) != 0
        || !answers.admitsShort()) {
      answerer.refuse(
          Aeth.NAK_INVALID_REQUEST, "ATOMIC WRITE takes 8 bytes to a multiple of 8, in turn");
    } else {
      MemoryStatus status =
          core.mover.atomicWrite(
              qp.backend, packet.rethKey(), packet.rethVa(), packet.segment, packet.payloadOffset);
      if (status != MemoryStatus.OK) {
        answerer.refuse(Aeth.NAK_REMOTE_ACCESS_ERROR, "ATOMIC WRITE refused: " + status);
        return;
      }
      answer(packet, Opcode.READ_RESPONSE_ONLY, 0);
    }
  }

  private void executeFlush(Inbound packet) {
    int placement = Feth.placement(packet.feth());
    int level = Feth.level(packet.feth());
    int need =
        ((placement & FlushPlacement.GLOBAL) != 0 ? AccessFlags.FLUSH_GLOBAL : 0)
            | ((placement & FlushPlacement.PERSISTENT) != 0 ? AccessFlags.FLUSH_PERSISTENT : 0);
    if (need == 0 || placement > (FlushPlacement.GLOBAL | FlushPlacement.PERSISTENT)) {
      answerer.refuse(Aeth.NAK_INVALID_REQUEST, "FLUSH with placement type " + placement);
    } else if (level > Feth.LEVEL_MR) {
      answerer.refuse(Aeth.NAK_INVALID_REQUEST, "FLUSH with selectivity level " + level);
    } else if (!admitsRight(need) || !answers.admitsShort()) {
      answerer.refuse(Aeth.NAK_INVALID_REQUEST, "the queue pair admits no such FLUSH");
    } else {
      MemoryStatus status =
          level == Feth.LEVEL_MR
              ? core.mover.flushRegion(qp.backend, packet.rethKey(), need)
              : core.mover.flush(
                  qp.backend, packet.rethKey(), packet.rethVa(), packet.rethLength(), need);
      if (status != MemoryStatus.OK) {
        answerer.refuse(Aeth.NAK_REMOTE_ACCESS_ERROR, "FLUSH refused: " + status);
        return;
      }
      answer(packet, Opcode.READ_RESPONSE_ONLY, 0);
    }
  }

  private void answer(Inbound packet, int opcode, long value) {
    answers.addShort(packet.psn, opcode, value);
    answerer.answered(packet, 1);
  }

  /** Answers a READ again from memory, as far as it lies before what is expected next. */
  private void replayRead(Inbound packet) {
    long bytes = packet.rethLength();
    if (bytes > RcQp.MAX_MESSAGE_BYTES
        || (qp.attributes.accessFlags() & AccessFlags.REMOTE_READ) == 0
        || Psn.isAfter(Psn.add(packet.psn, Psn.packets(bytes, qp.mtu)), answerer.expectedPsn())) {
      return;
    }
    if (answers.rewindTo(packet.psn)) {
      return;
    }
    // A late copy may ask for memory that was given back since: that is no error of the peer.
    MemoryStatus status =
        core.mover.checkRemote(
            qp.backend, packet.rethKey(), packet.rethVa(), bytes, AccessFlags.REMOTE_READ);
    if (status == MemoryStatus.OK) {
      answers.addReplay(packet.psn, packet.rethVa(), packet.rethKey(), (int) bytes, qp.mtu);
    }
  }
}
