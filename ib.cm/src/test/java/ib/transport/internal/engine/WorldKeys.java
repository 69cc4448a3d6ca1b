// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.dma.BusWindow;
import ib.transport.MemoryStatus;
import ib.transport.hca.ProtectionTable;
import ib.transport.hca.WindowEntry;
import ib.verbs.AccessFlags;
import ib.verbs.FlushLevel;
import ib.verbs.FlushPlacement;
import ib.verbs.MwType;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Work that both ends of a connection do together, and its model: an owner opens a part of its
 * memory by a request (registration, window of either type) and tells the peer by a SEND right
 * behind it; the peer reads, writes, adds, swaps, flushes; then one of them makes the key invalid,
 * and the next round begins. In the end the peer may try a {@link WorldCrime}.
 */
final class WorldKeys implements SimWork {
  enum Way {
    REGISTER(Happening.REGISTERED),
    BIND_1(Happening.BOUND_TYPE_1),
    BIND_2(Happening.BOUND_TYPE_2);

    final Happening used;

    Way(Happening used) {
      this.used = used;
    }
  }

  /** A key, and what it opens. */
  record Opened(Way way, int lkey, int key, int at, long address, int bytes, int rights) {}

  private static final int MOST_BYTES = 8 << 10;
  private static final int LEAST_BYTES = 32;
  private static final int NOISE_BYTES = 64 << 10;
  private static final int MOST_ROUNDS = 5;
  private static final int MOST_ACCESSES = 8;
  private static final int ROOM_LEFT = 32 << 10;
  private static final int[] RIGHTS = {
    AccessFlags.REMOTE_WRITE,
    AccessFlags.REMOTE_READ,
    AccessFlags.REMOTE_ATOMIC,
    AccessFlags.FLUSH_GLOBAL
  };

  final WorldLink link;
  final Random random;
  final WorldArea area;
  final WorldPoster owner;
  final WorldPoster peer;

  /** Of the owner. */
  final WorldMemory memory;

  final ProtectionTable keys;
  final WorldRegion plain;
  final long plainAddress;
  private final WorldRegion fast;
  private final WindowEntry first;
  private final WindowEntry second;
  final List<Opened> dead = new ArrayList<>();
  private final int counterKey;
  private final int noise;
  private final int mtu;
  private final WorldCrime crime;
  private int roundsLeft;
  private boolean finished;
  private final BusWindow run = new BusWindow();

  WorldKeys(WorldLink link, WorldEnd owner, WorldEnd peer, int mtu, SimFlow.Fault fault) {
    this.link = link;
    this.mtu = mtu;
    random = link.world.random;
    link.world.fill(owner, owner.slot.start() + WorldArea.BYTES + NOISE_BYTES);
    link.world.fill(peer, peer.slot.start() + NOISE_BYTES);
    memory = owner.memory;
    keys = owner.device.keys;
    area = new WorldArea(memory.segment, owner.slot.start());
    noise = peer.slot.start();
    this.owner = new WorldPoster(link, owner, places(owner, WorldArea.BYTES));
    this.peer = new WorldPoster(link, peer, places(peer, NOISE_BYTES));
    this.owner.meets(this.peer);
    plainAddress = address(0);
    plain = region(false, plainAddress);
    fast = region(true, 0);
    first = memory.add(new WindowEntry(memory.pd, MwType.TYPE_1));
    second = memory.add(new WindowEntry(memory.pd, MwType.TYPE_2));
    counterKey = owner.device.counter.open(memory);
    roundsLeft = 1 + random.nextInt(MOST_ROUNDS);
    boolean breaks =
        fault != SimFlow.Fault.NONE
            && fault != SimFlow.Fault.BROKEN
            && fault != SimFlow.Fault.NEVER_READY;
    crime = breaks ? new WorldCrime(this) : null;
  }

  private static SimPlaces places(WorldEnd end, int used) {
    return new SimPlaces(end.slot.start() + used, end.slot.end());
  }

  private WorldRegion region(boolean isFast, long address) {
    return memory.add(
        new WorldRegion(
            memory.pd,
            isFast,
            AccessFlags.ALL,
            memory.segment,
            address,
            area.start,
            WorldArea.BYTES));
  }

  /** An address by which a byte of the area may be named: unlike all others, but for its end. */
  private long address(int at) {
    return (random.nextLong() & -Long.BYTES) | ((area.start + at) & (Long.BYTES - 1));
  }

  @Override
  public boolean postSome() {
    beginRound(Way.values()[random.nextInt(Way.values().length)], null);
    return false;
  }

  // The owner.

  /** Opens a part; if by a window that is bound still, then in the place of what it opened. */
  private void beginRound(Way way, Opened before) {
    roundsLeft--;
    if (random.nextBoolean()) {
      // What is opened next takes effect behind it, and once, also if it has to be sent again.
      int length = random.nextInt(WorldPoster.MOST_MESSAGE_BYTES);
      owner.send(anySend(), owner.places.take(length), length, memory.allKey, 0, false, () -> {});
    }
    if (before == null) {
      area.scribble(random);
    }
    int bytes = LEAST_BYTES + random.nextInt(MOST_BYTES - LEAST_BYTES);
    int rights = 0;
    while (rights == 0) {
      for (int right : RIGHTS) {
        rights |= random.nextInt(3) > 0 ? right : 0;
      }
    }
    Opened opened =
        way == Way.REGISTER ? register(bytes, rights) : bind(way, bytes, rights, before);
    int length = random.nextInt(LEAST_BYTES);
    // The new key is good for what follows in the queue; a packet of that may have to be sent
    // again, so the peer must let the key live.
    boolean through = way == Way.REGISTER && random.nextBoolean();
    Runnable then = () -> peer.later(() -> use(opened, !through));
    if (through) {
      owner.sendBy(anySend(), area.start, opened.address, length, opened.lkey, then);
    } else {
      owner.send(
          anySend(), owner.places.take(length), length, owner.end.memory.allKey, 0, false, then);
    }
  }

  private WrOpcode anySend() {
    return random.nextBoolean() ? WrOpcode.SEND : WrOpcode.SEND_WITH_IMM;
  }

  private Opened register(int bytes, int rights) {
    fast.prepare(bytes);
    int lkey = keys.nextLkey(fast.lkey());
    int rkey = keys.nextRkey(fast.rkey());
    long address = address(0);
    Opened opened = new Opened(Way.REGISTER, lkey, rkey, 0, address, bytes, rights);
    owner.post(
        WrOpcode.REG_MR,
        0,
        wqe -> wqe.setRegister(lkey, rkey, address, bytes, rights),
        () -> checkAlive(opened));
    return opened;
  }

  private Opened bind(Way way, int bytes, int rights, Opened before) {
    WindowEntry window = way == Way.BIND_1 ? first : second;
    int at = random.nextInt(WorldArea.BYTES - bytes);
    int old = window.key();
    int key = keys.nextRkey(old);
    Opened opened = new Opened(way, 0, key, at, plainAddress + at, bytes, rights);
    owner.post(
        WrOpcode.BIND_MW,
        0,
        wqe -> wqe.setBind(old, key, plain.lkey(), opened.address, bytes, rights),
        () -> {
          checkAlive(opened);
          if (before != null) {
            link.world.happened(Happening.REBOUND_TYPE_1);
            checkDead(before);
          }
        });
    return opened;
  }

  private void checkAlive(Opened opened) {
    // The peer may have made it invalid before the acknowledgement came.
    check(memory.isAlive(opened.key) || dead.contains(opened), opened + " is not open");
  }

  private void checkDead(Opened opened) {
    check(!memory.isAlive(opened.key), opened + " is open still");
  }

  /** The peer is done with a key, which it has made invalid, or not. */
  private void onUsed(Opened opened, boolean invalidated) {
    check(area.wrong() < 0, "byte " + area.wrong() + " of the area after " + opened);
    dead.add(opened);
    if (invalidated) {
      checkDead(opened);
      link.world.happened(Happening.INVALIDATED_BY_PEER);
      owner.later(this::next);
    } else if (opened.way != Way.BIND_1) {
      owner.later(() -> invalidate(opened));
    } else if (roundsLeft > 0 && random.nextBoolean()) {
      owner.later(() -> beginRound(Way.BIND_1, opened));
    } else {
      owner.later(() -> unbind(opened));
    }
  }

  private void invalidate(Opened opened) {
    owner.post(WrOpcode.LOCAL_INV, 0, wqe -> wqe.setInvalidate(opened.key), () -> endRound(opened));
  }

  private void unbind(Opened opened) {
    int key = keys.nextRkey(opened.key);
    owner.post(
        WrOpcode.BIND_MW,
        0,
        wqe -> wqe.setBind(opened.key, key, plain.lkey(), 0, 0, 0),
        () -> endRound(opened));
  }

  private void endRound(Opened opened) {
    link.world.happened(Happening.INVALIDATED_BY_OWNER);
    checkDead(opened);
    owner.later(this::next);
  }

  private void next() {
    if (roundsLeft > 0 && peer.places.left() > ROOM_LEFT) {
      beginRound(Way.values()[random.nextInt(Way.values().length)], null);
    } else {
      finished = true;
      if (crime != null) {
        crime.commit();
      }
    }
  }

  // The peer.

  private void use(Opened opened, boolean mayInvalidate) {
    link.world.happened(opened.way.used);
    probe(opened);
    int accesses = random.nextInt(MOST_ACCESSES);
    for (int i = 0; i < accesses && peer.places.left() > ROOM_LEFT; i++) {
      access(opened, RIGHTS[random.nextInt(RIGHTS.length)]);
    }
    boolean invalidates = mayInvalidate && opened.way != Way.BIND_1 && random.nextBoolean();
    int length = random.nextInt(LEAST_BYTES);
    peer.send(
        invalidates ? WrOpcode.SEND_WITH_INV : anySend(),
        noise + random.nextInt(NOISE_BYTES - length),
        length,
        peer.end.memory.allKey,
        invalidates ? opened.key : 0,
        area.endReads() || random.nextInt(4) == 0,
        () -> onUsed(opened, invalidates));
  }

  /** What the key opens, to whom, and nothing more. */
  private void probe(Opened opened) {
    for (int right : RIGHTS) {
      boolean has = (opened.rights & right) != 0;
      MemoryStatus wanted = has ? MemoryStatus.OK : MemoryStatus.NO_RIGHT;
      probe(opened, memory.pd, memory.life, 0, right, wanted);
      MemoryStatus elsewhere = has ? MemoryStatus.OUT_OF_BOUNDS : MemoryStatus.NO_RIGHT;
      probe(opened, memory.pd, memory.life, 1, right, elsewhere);
      probe(opened, memory.pd, memory.life, -1, right, elsewhere);
      probe(opened, memory.pd, new Object(), 0, right, ofOne(opened, wanted));
      Object otherPd = owner.end.device.otherPd(memory.pd);
      probe(opened, otherPd, memory.life, 0, right, MemoryStatus.INVALID_KEY);
    }
  }

  /** For another queue pair than the owner's. */
  private static MemoryStatus ofOne(Opened opened, MemoryStatus wanted) {
    return opened.way == Way.BIND_2 ? MemoryStatus.INVALID_KEY : wanted;
  }

  private void probe(
      Opened opened, Object pd, Object life, int shift, int right, MemoryStatus wanted) {
    long address = opened.address + shift;
    MemoryStatus status =
        keys.resolveRemote(pd, life, opened.key, address, opened.bytes, right, run);
    check(status == wanted, opened + " gives " + status + ", not " + wanted + ", at " + shift);
  }

  private void access(Opened opened, int right) {
    if ((opened.rights & right) == 0) {
      count();
    } else if (right == AccessFlags.REMOTE_READ) {
      read(opened);
    } else if (right == AccessFlags.REMOTE_ATOMIC) {
      atomic(opened);
    } else if (right == AccessFlags.FLUSH_GLOBAL) {
      flush(opened);
    } else if (random.nextInt(3) == 0) {
      atomicWrite(opened);
    } else {
      write(opened);
    }
  }

  private int length(Opened opened) {
    int length =
        random.nextBoolean()
            ? random.nextInt(3 * mtu)
            : mtu * random.nextInt(3) + random.nextInt(2);
    return Math.min(length, opened.bytes - random.nextInt(LEAST_BYTES));
  }

  private void write(Opened opened) {
    int length = length(opened);
    int at = random.nextInt(opened.bytes - length + 1);
    int from = noise + random.nextInt(NOISE_BYTES - length);
    boolean immediate = random.nextInt(4) == 0;
    int value = random.nextInt();
    boolean fence = area.write(opened.at + at, bytes(from, length));
    if (immediate) {
      peer.announceWrite(from, area.start + opened.at + at, length, value);
    }
    peer.post(
        immediate ? WrOpcode.RDMA_WRITE_WITH_IMM : WrOpcode.RDMA_WRITE,
        length,
        wqe -> {
          wqe.setFlags(false, false, fence);
          wqe.setImmediate(value);
          peer.addSges(wqe, SimMemory.BASE + from, length, peer.end.memory.allKey);
          wqe.setRemote(opened.address + at, opened.key);
        },
        () -> {});
  }

  private byte[] bytes(int from, int length) {
    byte[] bytes = new byte[length];
    MemorySegment.copy(peer.end.memory.segment, ValueLayout.JAVA_BYTE, from, bytes, 0, length);
    return bytes;
  }

  private void read(Opened opened) {
    int length = length(opened);
    int at = random.nextInt(opened.bytes - length + 1);
    int to = peer.places.take(length);
    byte[] wanted = area.read(opened.at + at, length);
    peer.post(
        WrOpcode.RDMA_READ,
        length,
        wqe -> {
          peer.addSges(wqe, SimMemory.BASE + to, length, peer.end.memory.allKey);
          wqe.setRemote(opened.address + at, opened.key);
        },
        () -> check(java.util.Arrays.equals(bytes(to, length), wanted), "bytes of a READ"));
  }

  /** A multiple of 8 that holds eight bytes of what is open. */
  private int wordAt(Opened opened) {
    int words = (opened.bytes - 2 * Long.BYTES) / Long.BYTES;
    int aligned = (int) (-opened.address & (Long.BYTES - 1));
    return aligned + Long.BYTES * random.nextInt(words);
  }

  private void atomic(Opened opened) {
    int at = wordAt(opened);
    long was = area.word(opened.at + at);
    long operand = random.nextLong();
    boolean swap = random.nextBoolean();
    long compare = random.nextBoolean() ? was : random.nextLong();
    long becomes = swap ? (compare == was ? operand : was) : was + operand;
    int to = peer.places.take(Long.BYTES);
    boolean fence = area.write(opened.at + at, word(becomes));
    peer.post(
        swap ? WrOpcode.ATOMIC_CMP_AND_SWP : WrOpcode.ATOMIC_FETCH_AND_ADD,
        Long.BYTES,
        wqe -> {
          wqe.setFlags(false, false, fence);
          peer.addSges(wqe, SimMemory.BASE + to, Long.BYTES, peer.end.memory.allKey);
          wqe.setRemote(opened.address + at, opened.key);
          wqe.setAtomic(swap ? compare : operand, operand);
        },
        () -> check(answer(to) == was, "answer of an atomic"));
  }

  private static byte[] word(long value) {
    byte[] bytes = new byte[Long.BYTES];
    MemorySegment.ofArray(bytes).set(ValueLayout.JAVA_LONG_UNALIGNED, 0, value);
    return bytes;
  }

  private long answer(int at) {
    return peer.end.memory.segment.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
  }

  private void atomicWrite(Opened opened) {
    int at = wordAt(opened);
    int from = noise + random.nextInt(NOISE_BYTES - Long.BYTES);
    boolean fence = area.write(opened.at + at, bytes(from, Long.BYTES));
    peer.post(
        WrOpcode.ATOMIC_WRITE,
        Long.BYTES,
        wqe -> {
          wqe.setFlags(false, false, fence);
          wqe.addSge(SimMemory.BASE + from, Long.BYTES, peer.end.memory.allKey);
          wqe.setRemote(opened.address + at, opened.key);
        },
        () -> {});
  }

  private void flush(Opened opened) {
    int length = length(opened);
    FlushLevel level = random.nextBoolean() ? FlushLevel.RANGE : FlushLevel.MR;
    peer.post(
        WrOpcode.FLUSH,
        0,
        wqe -> {
          wqe.setRemote(opened.address + opened.bytes - length, opened.key);
          wqe.setFlush(FlushPlacement.GLOBAL, level, length);
        },
        () -> {});
  }

  /** Adds one to what all queue pairs of the owner's device may add to. */
  private void count() {
    WorldCounter counter = owner.end.device.counter;
    int to = peer.places.take(Long.BYTES);
    counter.onPosted();
    peer.post(
        WrOpcode.ATOMIC_FETCH_AND_ADD,
        Long.BYTES,
        wqe -> {
          wqe.addSge(SimMemory.BASE + to, Long.BYTES, peer.end.memory.allKey);
          wqe.setRemote(counter.address(), counterKey);
          wqe.setAtomic(1, 0);
        },
        () -> {
          link.world.happened(Happening.COUNTED);
          counter.onDone(answer(to));
        });
  }

  // The end.

  @Override
  public boolean isDone() {
    return finished && owner.isIdle() && peer.isIdle() && (crime == null || link.mayBreak[0]);
  }

  @Override
  public void checkClosed(boolean senderTold, boolean receiverTold) {
    owner.checkClosed();
    peer.checkClosed();
    long wrong = peer.isWhole() ? area.wrong() : area.wrongUntouched();
    check(wrong < 0, "byte " + wrong + " of the area at the end");
    check(link.mayBreak[0] || isDone(), "closed before all was done");
    if (crime != null) {
      crime.checkClosed();
    }
  }

  void check(boolean right, String what) {
    link.world.check(right, link + ": " + what);
  }

  @Override
  public String toString() {
    return "keys: " + roundsLeft + " rounds left; " + owner + "; " + peer;
  }
}
