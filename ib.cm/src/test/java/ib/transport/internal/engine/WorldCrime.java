// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.SendWqe;
import ib.transport.hca.WindowEntry;
import ib.verbs.AccessFlags;
import ib.verbs.FlushLevel;
import ib.verbs.FlushPlacement;
import ib.verbs.MwType;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/** A use of a key that must be refused, as the last thing that is done with {@link WorldKeys}. */
final class WorldCrime {
  private enum Kind {
    DEAD_KEY(Happening.REFUSED_DEAD_KEY),
    BEFORE(Happening.REFUSED_BEFORE),
    BEYOND(Happening.REFUSED_BEYOND),
    NO_RIGHT(Happening.REFUSED_NO_RIGHT),
    OTHER_DOMAIN(Happening.REFUSED_OTHER_DOMAIN),
    OTHER_QUEUE_PAIR(Happening.REFUSED_OTHER_QUEUE_PAIR),
    WRONG_BIND(Happening.REFUSED_WRONG_BIND),
    WRONG_INVALIDATION(Happening.REFUSED_WRONG_INVALIDATION);

    final Happening refused;

    Kind(Happening refused) {
      this.refused = refused;
    }
  }

  private static final int BYTES = 64;
  private static final List<WrOpcode> ACCESSES =
      List.of(
          WrOpcode.RDMA_WRITE,
          WrOpcode.RDMA_READ,
          WrOpcode.ATOMIC_FETCH_AND_ADD,
          WrOpcode.ATOMIC_CMP_AND_SWP,
          WrOpcode.ATOMIC_WRITE,
          WrOpcode.FLUSH);

  private final WorldKeys work;
  private final Random random;
  private final Kind kind;
  private final Object otherLife = new Object();

  /** Where what is open begins: a multiple of 8 in any case. */
  private final int at;

  private final WindowEntry window;

  /** A window of the other queue pair, which stays bound whatever happens. */
  private int foreign;

  WorldCrime(WorldKeys work) {
    this.work = work;
    random = work.random;
    kind = Kind.values()[random.nextInt(Kind.values().length)];
    at = Long.BYTES * (1 + random.nextInt(WorldArea.BYTES / Long.BYTES - 2 * BYTES));
    MwType type = random.nextBoolean() ? MwType.TYPE_1 : MwType.TYPE_2;
    window = work.memory.add(new WindowEntry(work.memory.pd, type));
  }

  void commit() {
    switch (kind) {
      case DEAD_KEY -> {
        WorldKeys.Opened old = work.dead.get(random.nextInt(work.dead.size()));
        if (random.nextInt(4) == 0) {
          invalidate(old.key());
        } else {
          // At the place of that time, or of another life of the key.
          access(anyAccess(), old.address() + (-old.address() & 7), Long.BYTES, old.key());
        }
      }
      case BEFORE -> {
        WrOpcode opcode = anyAccess();
        access(opcode, address() - (isWord(opcode) ? Long.BYTES : 1), Long.BYTES, open(~0));
      }
      case BEYOND -> {
        WrOpcode opcode = anyAccess();
        int beyond = isWord(opcode) ? 0 : 1 - Long.BYTES;
        access(opcode, address() + BYTES + beyond, Long.BYTES, open(~0));
      }
      case NO_RIGHT -> {
        WrOpcode opcode = anyAccess();
        access(opcode, address(), Long.BYTES, open(~need(opcode)));
      }
      case OTHER_DOMAIN -> access(anyAccess(), work.plainAddress + at, Long.BYTES, otherDomain());
      case OTHER_QUEUE_PAIR -> {
        foreign = otherQueuePair();
        if (random.nextInt(4) == 0) {
          invalidate(foreign);
        } else {
          access(anyAccess(), address(), Long.BYTES, foreign);
        }
      }
      case WRONG_BIND -> wrongBind();
      case WRONG_INVALIDATION -> wrongInvalidation();
    }
  }

  private WrOpcode anyAccess() {
    return ACCESSES.get(random.nextInt(ACCESSES.size()));
  }

  private static boolean isWord(WrOpcode opcode) {
    return opcode.isAtomic() || opcode == WrOpcode.ATOMIC_WRITE;
  }

  private static int need(WrOpcode opcode) {
    return switch (opcode) {
      case RDMA_READ -> AccessFlags.REMOTE_READ;
      case ATOMIC_FETCH_AND_ADD, ATOMIC_CMP_AND_SWP -> AccessFlags.REMOTE_ATOMIC;
      case FLUSH -> AccessFlags.FLUSH_GLOBAL;
      default -> AccessFlags.REMOTE_WRITE;
    };
  }

  /** Of the first byte that is open, a multiple of 8. */
  private long address() {
    long first = work.plainAddress + at;
    return first + (-first & (Long.BYTES - 1));
  }

  /** A key of a region or a window that opens {@link #BYTES} and what is admitted of all rights. */
  private int open(int admitted) {
    int all =
        AccessFlags.REMOTE_READ
            | AccessFlags.REMOTE_WRITE
            | AccessFlags.REMOTE_ATOMIC
            | AccessFlags.FLUSH_GLOBAL;
    if (random.nextBoolean()) {
      int offset = (int) (address() - work.plainAddress);
      return work.memory
          .add(
              new WorldRegion(
                  work.memory.pd,
                  false,
                  (all | AccessFlags.LOCAL_WRITE) & admitted,
                  work.memory.segment,
                  address(),
                  work.area.start + offset,
                  BYTES))
          .rkey();
    }
    return bind(window, work.memory.life, all & admitted);
  }

  private int bind(WindowEntry entry, Object life, int rights) {
    SendWqe wqe = new SendWqe();
    wqe.begin(0, WrOpcode.BIND_MW);
    int key = work.keys.nextRkey(entry.key());
    wqe.setBind(entry.key(), key, work.plain.lkey(), address(), BYTES, rights);
    work.check(work.keys.execute(work.memory.pd, life, wqe), "a window can't be bound");
    return key;
  }

  private int otherDomain() {
    Object domain = work.owner.end.device.otherPd(work.memory.pd);
    return work.memory
        .add(
            new WorldRegion(
                domain,
                false,
                AccessFlags.ALL,
                work.memory.segment,
                work.plainAddress,
                work.area.start,
                WorldArea.BYTES))
        .rkey();
  }

  private int otherQueuePair() {
    WindowEntry entry = work.memory.add(new WindowEntry(work.memory.pd, MwType.TYPE_2));
    return bind(
        entry,
        otherLife,
        AccessFlags.REMOTE_READ
            | AccessFlags.REMOTE_WRITE
            | AccessFlags.REMOTE_ATOMIC
            | AccessFlags.FLUSH_GLOBAL);
  }

  private void access(WrOpcode opcode, long address, int bytes, int key) {
    WorldPoster peer = work.peer;
    int local = peer.places.take(Long.BYTES);
    int length = opcode == WrOpcode.FLUSH ? 0 : bytes;
    fail(
        peer,
        opcode,
        WcStatus.REM_ACCESS_ERR,
        wqe -> {
          peer.addSges(wqe, SimMemory.BASE + local, length, peer.end.memory.allKey);
          wqe.setRemote(address, key);
          wqe.setAtomic(random.nextLong(), random.nextLong());
          wqe.setFlush(FlushPlacement.GLOBAL, FlushLevel.RANGE, bytes);
        });
  }

  private void invalidate(int key) {
    work.peer.willRefuse();
    fail(work.peer, WrOpcode.SEND_WITH_INV, WcStatus.REM_ACCESS_ERR, wqe -> wqe.setInvalidate(key));
  }

  private void wrongBind() {
    int rights = AccessFlags.REMOTE_WRITE;
    long address = work.plainAddress;
    int lkey = work.plain.lkey();
    long bytes = BYTES;
    switch (random.nextInt(5)) {
      case 0 -> address--;
      case 1 -> address += WorldArea.BYTES - BYTES + 1;
      case 2 -> rights |= AccessFlags.LOCAL_WRITE;
      case 3 -> lkey = otherLkey(AccessFlags.ALL & ~AccessFlags.MW_BIND);
      default -> bytes = WorldArea.BYTES + 1;
    }
    long first = address;
    int admitted = rights;
    int region = lkey;
    long length = bytes;
    int next = work.keys.nextRkey(window.key());
    fail(
        work.owner,
        WrOpcode.BIND_MW,
        WcStatus.MW_BIND_ERR,
        wqe -> wqe.setBind(window.key(), next, region, first, length, admitted));
  }

  private int otherLkey(int rights) {
    return work.memory
        .add(
            new WorldRegion(
                work.memory.pd,
                false,
                rights,
                work.memory.segment,
                work.plainAddress,
                work.area.start,
                WorldArea.BYTES))
        .lkey();
  }

  private void wrongInvalidation() {
    foreign = random.nextBoolean() ? otherQueuePair() : 0;
    int key =
        switch (random.nextInt(3)) {
          case 0 -> foreign;
          case 1 -> work.plain.rkey();
          default -> work.dead.get(random.nextInt(work.dead.size())).key();
        };
    fail(work.owner, WrOpcode.LOCAL_INV, WcStatus.LOC_QP_OP_ERR, wqe -> wqe.setInvalidate(key));
  }

  private void fail(WorldPoster by, WrOpcode opcode, WcStatus status, Consumer<SendWqe> fill) {
    by.later(() -> by.post(opcode, 0, status, fill, () -> work.link.world.happened(kind.refused)));
  }

  void checkClosed() {
    if (foreign != 0) {
      boolean lives =
          work.keys.resolveRemote(
                  work.memory.pd,
                  otherLife,
                  foreign,
                  address(),
                  BYTES,
                  AccessFlags.REMOTE_WRITE,
                  new ib.dma.BusWindow())
              == ib.transport.MemoryStatus.OK;
      work.check(lives, "the window of another queue pair was made invalid by " + kind);
    }
  }
}
