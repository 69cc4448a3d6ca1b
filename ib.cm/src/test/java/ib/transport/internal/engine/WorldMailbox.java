// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import ib.transport.wire.Gids;
import ib.verbs.RdmaException;
import ib.verbs.WcFlags;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** One end of {@link WorldDatagrams}, and the model of what it sends and may receive. */
final class WorldMailbox {
  /** A datagram; it begins with what says which it is. */
  private static final class Letter {
    final int index;
    final int at;
    final int length;
    final boolean immediate;
    final int value;
    final boolean solicited;
    final boolean arrives;
    int arrived;

    Letter(
        int index,
        int at,
        int length,
        boolean immediate,
        int value,
        boolean solicited,
        boolean arrives) {
      this.index = index;
      this.at = at;
      this.length = length;
      this.immediate = immediate;
      this.value = value;
      this.solicited = solicited;
      this.arrives = arrives;
    }
  }

  static final int LEAST_BYTES = 16;
  private static final int GRH_BYTES = 40;
  private static final int IPV4 = 20;
  private static final int MTU = 4096;
  private static final int RECEIVES = 12;
  private static final int HEADERS = 12 + 8;
  private static final int IMMEDIATE_BYTES = 4;
  private static final int ICRC_BYTES = 4;
  private static final int UDP_BYTES = 8;
  private static final int ANSWERS = 8;

  /** What receives and datagrams take, about. */
  private static final int FILLED_BYTES = 160 << 10;

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  /** Begins every datagram. */
  static final int MAGIC = 0x4D41494C;

  final WorldEnd end;
  final int qkey;
  private final WorldDatagrams link;
  private final World world;
  private final Random random;
  private final SimPlaces places;
  private final List<Letter> letters = new ArrayList<>();
  private final ArrayDeque<Letter> sending = new ArrayDeque<>();
  private final List<Integer> receives = new ArrayList<>();
  private final int receiveBytes;
  private WorldMailbox other;
  private int answersLeft;

  WorldMailbox(WorldDatagrams link, WorldEnd end, int qkey) throws RdmaException {
    this.link = link;
    this.end = end;
    this.qkey = qkey;
    world = end.host.world;
    random = world.random;
    places = new SimPlaces(end.slot.start(), end.slot.end());
    answersLeft = random.nextInt(ANSWERS);
    receiveBytes =
        end.backend.isShared()
            ? end.backend.srq.bytes
            : GRH_BYTES + LEAST_BYTES + random.nextInt(MTU - LEAST_BYTES + 1);
    end.backend.onSend = this::onSendDone;
    end.backend.onReceive = this::onReceiveDone;
    WorldDatagrams.open(end, qkey, random);
  }

  void meets(WorldMailbox peer) {
    other = peer;
    peer.other = this;
  }

  /** Fills the memory, and posts receives. */
  void prepare() {
    world.fill(end, end.slot.start() + FILLED_BYTES);
    boolean enough = world.promise == SimMessages.Network.PERFECT;
    int count = enough ? RECEIVES + ANSWERS : random.nextInt(RECEIVES);
    for (int i = 0; i < count && !end.backend.isShared(); i++) {
      int place = places.take(receiveBytes);
      receives.add(place);
      end.backend.postReceive(place, receiveBytes);
    }
  }

  /** Sends one, right in most cases. */
  void send(long destLow, int qpn) {
    int most = random.nextInt(8) == 0 ? MTU : Math.min(other.receiveBytes - GRH_BYTES, MTU);
    int length = LEAST_BYTES + random.nextInt(most - LEAST_BYTES + 1);
    boolean fits = GRH_BYTES + length <= other.receiveBytes;
    int at = places.take(length);
    int index = letters.size();
    int wrong = random.nextInt(12);
    boolean immediate = random.nextBoolean();
    Letter letter =
        new Letter(
            index,
            at,
            length,
            immediate,
            random.nextInt(),
            random.nextBoolean(),
            fits && wrong > 2);
    MemorySegment memory = end.memory.segment;
    memory.set(INT, at, MAGIC);
    memory.set(INT, at + 4L, link.number);
    memory.set(INT, at + 8L, index << 1 | (this == link.asker() ? 0 : 1));
    letters.add(letter);
    sending.add(letter);
    boolean signaled = random.nextBoolean();
    int toQpn = wrong == 0 ? wrongQpn(qpn) : qpn;
    int withKey = wrong == 1 ? other.qkey ^ 1 << random.nextInt(31) : other.qkey;
    // The top bit asks for the sender's own key, which nobody else has.
    int key = wrong == 2 ? Integer.MIN_VALUE | other.qkey : withKey;
    end.backend.post(
        immediate ? WrOpcode.SEND_WITH_IMM : WrOpcode.SEND,
        0,
        0,
        wqe -> {
          wqe.setFlags(signaled, letter.solicited, false);
          wqe.setImmediate(letter.value);
          wqe.setDatagram(0, destLow, toQpn, key);
          int split = random.nextInt(length);
          if (split > 0) {
            wqe.addSge(SimMemory.BASE + at, split, end.memory.allKey);
          }
          wqe.addSge(SimMemory.BASE + at + split, length - split, end.memory.allKey);
        });
    end.qp.kickSend();
  }

  /** A queue pair of another kind, or of nobody. */
  private int wrongQpn(int qpn) {
    for (WorldEnd some : other.end.host.ends) {
      if (some.qpn != qpn) {
        return some.qpn;
      }
    }
    return qpn ^ 0x80_0000;
  }

  private void onSendDone(SimBackend.SendDone done) {
    Letter letter = sending.remove();
    if (done.status() != WcStatus.SUCCESS) {
      check(done.status() == WcStatus.WR_FLUSH_ERR && end.closed, done + " for a datagram");
      return;
    }
    check(
        done.lengthBytes() == letter.length && done.opcode() == WcOpcode.SEND,
        done + " for a datagram of " + letter.length);
  }

  private void onReceiveDone(SimBackend.ReceiveDone done) {
    if (done.status() != WcStatus.SUCCESS) {
      check(
          done.status() == WcStatus.WR_FLUSH_ERR && (link.mayBreak[0] || end.closed),
          done + " for a datagram");
      return;
    }
    int place =
        end.backend.isShared()
            ? end.backend.srq.place(done.cookie())
            : receives.get((int) done.cookie());
    MemorySegment memory = end.memory.segment;
    int at = place + GRH_BYTES;
    check(memory.get(INT, at) == MAGIC, done + " is no datagram of ours");
    int index = memory.get(INT, at + 8L);
    boolean right =
        memory.get(INT, at + 4L) == link.number
            && (index & 1) == (this == link.asker() ? 1 : 0)
            && index >>> 1 < other.letters.size();
    check(right, "a datagram of " + memory.get(INT, at + 4L) + " at QP " + end.qpn);
    Letter letter = other.letters.get(index >>> 1);
    checkLetter(letter, done, at);
    checkGrh(memory.asSlice(place, GRH_BYTES), letter);
    if (answersLeft > 0 && this != link.asker()) {
      answersLeft--;
      // To where it says that it comes from.
      long source = Gids.v4Low(memory.get(INT, place + GRH_BYTES - 8L));
      end.host.later(() -> answer(source, done.srcQpn()));
    }
  }

  private void answer(long source, int qpn) {
    if (!end.closed) {
      send(source, qpn);
    }
  }

  private void checkLetter(Letter letter, SimBackend.ReceiveDone done, int at) {
    check(letter.arrives, "datagram " + letter.index + " arrived though it must not");
    check(
        done.lengthBytes() == GRH_BYTES + letter.length
            && done.opcode() == WcOpcode.RECV
            && done.flags() == (letter.immediate ? WcFlags.WITH_IMM : 0)
            && (!letter.immediate || done.immediate() == letter.value)
            && done.solicited() == letter.solicited
            && done.srcQpn() == other.end.qpn,
        done + " for datagram " + letter.index + " of " + letter.length + " bytes");
    long wrong =
        MemorySegment.mismatch(
            other.end.memory.segment,
            letter.at,
            letter.at + letter.length,
            end.memory.segment,
            at,
            at + letter.length);
    check(wrong < 0, "byte " + wrong + " of datagram " + letter.index);
    int copies = 1 + world.doubled(link.number, letter.index << 1 | (this == link.asker() ? 1 : 0));
    world.happened(letter.arrived == 0 ? Happening.DATAGRAM : Happening.DATAGRAM_TWICE);
    check(
        ++letter.arrived <= copies,
        "datagram " + letter.index + " arrived " + letter.arrived + " times, sent " + copies);
  }

  private void checkGrh(MemorySegment grh, Letter letter) {
    int payload = letter.length + (-letter.length & 3);
    int bytes =
        IPV4
            + UDP_BYTES
            + HEADERS
            + (letter.immediate ? IMMEDIATE_BYTES : 0)
            + payload
            + ICRC_BYTES;
    int sum = 0;
    for (int i = IPV4; i < GRH_BYTES; i += 2) {
      sum += grh.get(SHORT, i) & 0xFFFF;
    }
    sum = (sum & 0xFFFF) + (sum >>> 16);
    check(
        (grh.get(INT, IPV4) & 0xFF00_FFFF) == (0x4500_0000 | bytes)
            && (grh.get(SHORT, IPV4 + 8L) & 0xFF) == 17
            && sum == 0xFFFF
            && grh.get(INT, IPV4 + 12L) == (int) other.end.host.low()
            && grh.get(INT, IPV4 + 16L) == (int) end.host.low(),
        "the header before datagram " + letter.index);
  }

  void checkClosed(boolean all) {
    check(!end.flushed || sending.isEmpty(), "completions missing");
    for (Letter letter : letters) {
      boolean must = all && letter.arrives && !other.end.backend.isShared();
      if (letter.arrives && letter.arrived == 0) {
        world.happened(Happening.DATAGRAM_LOST);
      }
      check(!must || letter.arrived == 1, "datagram " + letter.index + " was lost");
    }
  }

  private void check(boolean right, String what) {
    world.check(right, link + ": " + end.host + ": " + what);
  }

  @Override
  public String toString() {
    return "QP " + end.qpn + ": " + letters.size() + " sent, " + end.qp.state();
  }
}
