// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.wire.Bth;
import ib.transport.wire.Icrc;
import ib.transport.wire.IcrcFlow;
import ib.transport.wire.Psn;
import ib.transport.wire.Wire;
import ib.verbs.QpAttributes;
import ib.verbs.QpState;
import ib.verbs.WcStatus;
import ib.verbs.WrOpcode;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Damaged and invented packets, made from captures of a Linux kernel, with right and with wrong
 * ICRCs, against a live engine: none may throw, touch memory that is not open, or stop it. {@code
 * -Dopenhca.fuzz.seed=N} sets the seed.
 */
class FuzzTest {
  private static final int MUTATIONS = 100_000;
  private static final int ETHERNET_IPV4_UDP = 42;
  private static final int LONGEST = 4200;

  /** Memory that no key opens; the rest is open to everything. */
  private static final int FORBIDDEN = 600_000;

  private final long seed = Long.getLong("openhca.fuzz.seed", 20_261_122L);
  private final Random random = new Random(seed);

  /** Added to the first PSN of the current connection. */
  private int recentPsn;

  private static List<byte[]> captured() throws IOException {
    List<byte[]> packets = new ArrayList<>();
    for (String name : new String[] {"a-rping", "b2-srp-noimm"}) {
      try (InputStream in = FuzzTest.class.getResourceAsStream("/captures/" + name + ".pcap")) {
        ByteBuffer file = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 24; at < file.capacity(); ) {
          int length = file.getInt(at + 8);
          byte[] frame = Arrays.copyOfRange(file.array(), at + 16, at + 16 + length);
          if (length > ETHERNET_IPV4_UDP + 16 && frame[23] == 17) {
            packets.add(Arrays.copyOfRange(frame, ETHERNET_IPV4_UDP, length));
          }
          at += 16 + length;
        }
      }
    }
    return packets;
  }

  @Test
  void shouldOutliveAnyPacket() throws Exception {
    List<byte[]> captured = captured();
    assertThat(captured).hasSizeGreaterThan(100);
    Pair pair = Pair.connected(a -> a);
    int key =
        pair.b.memory.register(
            0, FORBIDDEN, SimMemory.REMOTE_READ | SimMemory.REMOTE_WRITE | SimMemory.LOCAL_WRITE);
    pair.b.memory.segment.asSlice(FORBIDDEN).fill((byte) 0x11);
    pair.b.memory.deregister(pair.b.memory.allKey);
    pair.b.engine.gsi().setHandler((high, low, qpn, segment, offset, length) -> {});
    try {
      for (int i = 0; i < MUTATIONS; i++) {
        if (pair.qpB.state() == QpState.ERR) {
          reconnect(pair);
        }
        byte[] packet = mutate(captured.get(random.nextInt(captured.size())), pair, key);
        pair.b.receive(new SimPacket(pair.a.low, pair.b.low, 7, packet), true, pair.nowNs);
        if (i % 8 == 0) {
          keepBusy(pair, key);
        }
      }
    } catch (RuntimeException e) {
      throw new AssertionError("seed " + seed + " (-Dopenhca.fuzz.seed): " + e, e);
    }
    assertThat(Pair.bytes(pair.b.memory, FORBIDDEN, Pair.MEMORY - FORBIDDEN))
        .as("seed %d: memory that no key opens", seed)
        .containsOnly(0x11);
    assertStillWorks(pair, key);
  }

  /** B has receives posted and requests on their way, and its answers vanish. */
  private void keepBusy(Pair pair, int key) {
    if (pair.backendB.receives.size() < 8) {
      pair.backendB.postReceive(
          wqe -> wqe.addSge(SimMemory.BASE + random.nextInt(1000), random.nextInt(5000), key));
    }
    if (random.nextInt(20) == 0) {
      pair.backendB.post(
          WrOpcode.values()[random.nextInt(5)],
          0,
          0,
          wqe -> {
            wqe.addSge(SimMemory.BASE + random.nextInt(5000), random.nextInt(9000), key);
            wqe.setRemote(SimMemory.BASE, 1);
          });
      pair.qpB.kickSend();
    }
    pair.nowNs += 1000;
    pair.b.engine.onTimers(pair.nowNs);
    pair.b.engine.transmit(pair.b, pair.nowNs);
    pair.wire.clear();
    pair.log.clear();
    pair.backendB.sendDone.clear();
    pair.backendB.receiveDone.clear();
  }

  private byte[] mutate(byte[] original, Pair pair, int key) {
    byte[] bytes = original.clone();
    MemorySegment packet = MemorySegment.ofArray(bytes);
    if (random.nextInt(10) != 0) {
      Wire.u24(packet, Bth.DEST_QP_OFFSET, random.nextInt(20) == 0 ? 1 : Pair.QPN_B);
      Bth.psn(packet, 0, Psn.add(0xFF_FFF0 + recentPsn, random.nextInt(8) - 2));
    }
    if (random.nextInt(3) == 0) {
      Wire.u8(packet, 0, random.nextInt(0x20));
    }
    if (random.nextInt(3) == 0 && bytes.length >= Bth.LENGTH + 16 + 4) {
      Wire.u64(packet, Bth.LENGTH, SimMemory.BASE + random.nextInt(Pair.MEMORY));
      Wire.u32(packet, Bth.LENGTH + 8, key);
      int length = random.nextInt(10) == 0 ? random.nextInt() : random.nextInt(5000);
      Wire.u32(packet, Bth.LENGTH + 12, length);
    }
    for (int flips = random.nextInt(4); flips > 0; flips--) {
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
    }
    if (random.nextInt(4) == 0) {
      bytes = Arrays.copyOf(bytes, random.nextInt(random.nextInt(4) == 0 ? LONGEST : 80));
    }
    if (random.nextInt(10) != 0 && bytes.length >= 16) {
      seal(pair, bytes);
    }
    return bytes;
  }

  private static void seal(Pair pair, byte[] bytes) {
    IcrcFlow flow = IcrcFlow.ipv4();
    flow.ipv4Addresses((int) pair.a.low, (int) pair.b.low);
    flow.sourcePort(SimPacket.SOURCE_PORT);
    new Icrc().append(flow, 7, MemorySegment.ofArray(bytes), 0, bytes.length - Icrc.LENGTH);
  }

  private void reconnect(Pair pair) throws Exception {
    pair.qpB.modify(new QpAttributes().state(QpState.RESET));
    recentPsn = random.nextInt(100);
    Pair.connect(
        pair.qpB,
        pair.a.address,
        Pair.QPN_A,
        a -> a.rqPsn(Psn.add(0xFF_FFF0, recentPsn)).sqPsn(Psn.add(0xFF_FFF0, recentPsn)));
  }

  private static void assertStillWorks(Pair pair, int key) throws Exception {
    pair.qpA.modify(new QpAttributes().state(QpState.RESET));
    pair.qpB.modify(new QpAttributes().state(QpState.RESET));
    pair.wire.clear();
    Pair.connect(pair.qpA, pair.b.address, Pair.QPN_B, a -> a);
    Pair.connect(pair.qpB, pair.a.address, Pair.QPN_A, a -> a);
    pair.backendB.receives.clear();
    pair.backendB.receiveDone.clear();
    pair.backendB.sends.clear();
    pair.backendB.postReceive(wqe -> wqe.addSge(SimMemory.BASE, 5000, key));
    pair.backendA.post(WrOpcode.SEND, 0, 5000, wqe -> {});
    pair.qpA.kickSend();
    pair.run();
    assertThat(pair.backendA.sendDone.getLast().status()).isEqualTo(WcStatus.SUCCESS);
    assertThat(Pair.bytes(pair.b.memory, 0, 5000)).isEqualTo(Pair.bytes(pair.a.memory, 0, 5000));
    assertThat(pair.backendB.receiveDone).hasSize(1);
  }
}
