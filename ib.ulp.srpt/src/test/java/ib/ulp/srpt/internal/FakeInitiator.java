// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srpt.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ib.srp.SrpBufferFormat;
import ib.srp.SrpCmd;
import ib.srp.SrpDirectBuf;
import ib.srp.SrpIndirectBuf;
import ib.srp.SrpIu;
import ib.srp.SrpLoginReqCm;
import ib.srp.SrpLun;
import ib.srp.SrpOpcode;
import ib.srp.SrpRsp;
import ib.srp.SrpTskMgmt;
import ib.verbs.ConnectParams;
import ib.verbs.ConnectRequest;
import ib.verbs.Connection;
import ib.verbs.ConnectionHandler;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaException;
import ib.verbs.WcStatus;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A scripted initiator: one login, raw information units, memory that the target reads and writes.
 */
final class FakeInitiator implements ConnectRequest {
  static final long BASE = 0x5000_0000L;
  static final int KEY = 0x77;
  static final int BLOCK = 512;

  /** Memory of one direction of a command. */
  record Desc(int format, int listed, long tableAt, int... pairs) {
    static final Desc NONE = new Desc(SrpBufferFormat.NONE, 0, 0);

    static Desc direct(int at, int bytes) {
      return new Desc(SrpBufferFormat.DIRECT, 0, 0, at, bytes);
    }

    /** Pairs of offset and length, all in the IU. */
    static Desc indirect(int... pairs) {
      return new Desc(SrpBufferFormat.INDIRECT, pairs.length / 2, 0, pairs);
    }

    /** Pairs of offset and length in a table in memory, the first few also in the IU. */
    static Desc external(int listed, int tableAt, int... pairs) {
      return new Desc(SrpBufferFormat.INDIRECT, listed, tableAt, pairs);
    }

    int total() {
      int sum = 0;
      for (int i = 1; i < pairs.length; i += 2) {
        sum += pairs[i];
      }
      return sum;
    }
  }

  final byte[] memory = new byte[4 << 20];
  final LinkedBlockingQueue<byte[]> responses = new LinkedBlockingQueue<>();
  final AtomicInteger credits = new AtomicInteger();
  final CompletableFuture<byte[]> answer = new CompletableFuture<>();
  final AtomicInteger disconnects = new AtomicInteger();
  private final byte[] loginData;
  volatile FakeHca hca;
  volatile FakeHca.Qp qp;
  volatile ConnectionHandler handler;
  volatile Connection connection;
  volatile boolean acceptFails;
  private volatile boolean answered;

  FakeInitiator(String initiatorPortId, Consumer<MemorySegment> change) {
    loginData = new byte[56];
    MemorySegment iu = MemorySegment.ofArray(loginData);
    SrpLoginReqCm.init(iu, 0, 0x1234);
    SrpLoginReqCm.bufferFormats(iu, 0, SrpBufferFormat.DIRECT_SET | SrpBufferFormat.INDIRECT_SET);
    SrpLoginReqCm.maxInitiatorToTarget(iu, 0, 2048);
    SrpLoginReqCm.initiatorPortId(iu, 0, HexFormat.of().parseHex(initiatorPortId));
    SrpLoginReqCm.targetPortId(iu, 0, HexFormat.of().parseHex(Rig.TARGET_ID));
    change.accept(iu);
  }

  byte[] answer() {
    try {
      return answer.get(8, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError("the login was not answered", e);
    }
  }

  boolean isRejected() {
    return SrpIu.opcode(MemorySegment.ofArray(answer()), 0) == SrpOpcode.LOGIN_REJ;
  }

  // What the device does to the initiator's memory, on the agent.

  WcStatus access(long address, int key, byte[] bytes, boolean write) {
    long at = address - BASE;
    if (key != KEY || at < 0 || at + bytes.length > memory.length) {
      return WcStatus.REM_ACCESS_ERR;
    }
    if (write) {
      System.arraycopy(bytes, 0, memory, (int) at, bytes.length);
    } else {
      System.arraycopy(memory, (int) at, bytes, 0, bytes.length);
    }
    return WcStatus.SUCCESS;
  }

  void onMessage(byte[] message) {
    credits.addAndGet(SrpRsp.requestLimitDelta(MemorySegment.ofArray(message), 0));
    responses.add(message);
  }

  // Information units.

  static byte[] command(long tag, long lun, byte[] cdb, Desc out, Desc in) {
    int length =
        SrpCmd.LENGTH
            + SrpCmd.descriptorLength(out.format, out.listed)
            + SrpCmd.descriptorLength(in.format, in.listed);
    byte[] bytes = new byte[length];
    MemorySegment iu = MemorySegment.ofArray(bytes);
    SrpCmd.init(iu, 0, tag);
    SrpCmd.lun(iu, 0, lun);
    SrpCmd.formats(iu, 0, out.format, in.format);
    SrpCmd.outCount(iu, 0, out.listed);
    SrpCmd.inCount(iu, 0, in.listed);
    System.arraycopy(cdb, 0, bytes, SrpCmd.CDB_OFFSET, cdb.length);
    describe(iu, SrpCmd.outDescriptor(iu, 0), out);
    describe(iu, SrpCmd.inDescriptor(iu, 0), in);
    return bytes;
  }

  private static void describe(MemorySegment iu, long at, Desc desc) {
    if (desc.format == SrpBufferFormat.DIRECT) {
      SrpDirectBuf.write(iu, at, BASE + desc.pairs[0], KEY, desc.pairs[1]);
    } else if (desc.format == SrpBufferFormat.INDIRECT) {
      SrpDirectBuf.write(
          iu,
          SrpIndirectBuf.table(at),
          BASE + desc.tableAt,
          KEY,
          (long) desc.pairs.length / 2 * SrpDirectBuf.LENGTH);
      SrpIndirectBuf.totalLength(iu, at, desc.total());
      for (int i = 0; i < desc.listed; i++) {
        SrpDirectBuf.write(
            iu, SrpIndirectBuf.entry(at, i), BASE + desc.pairs[2 * i], KEY, desc.pairs[2 * i + 1]);
      }
    }
  }

  /** Puts the table of a descriptor into memory. */
  void writeTable(Desc desc) {
    MemorySegment seg = MemorySegment.ofArray(memory);
    for (int i = 0; i < desc.pairs.length / 2; i++) {
      SrpDirectBuf.write(
          seg,
          desc.tableAt + (long) i * SrpDirectBuf.LENGTH,
          BASE + desc.pairs[2 * i],
          KEY,
          desc.pairs[2 * i + 1]);
    }
  }

  static byte[] task(long tag, int lun, int function, long taskTag) {
    byte[] bytes = new byte[SrpTskMgmt.LENGTH];
    MemorySegment iu = MemorySegment.ofArray(bytes);
    SrpTskMgmt.init(iu, 0, tag);
    SrpTskMgmt.lun(iu, 0, SrpLun.encode(lun));
    SrpTskMgmt.function(iu, 0, function);
    SrpTskMgmt.taskTag(iu, 0, taskTag);
    return bytes;
  }

  static byte[] rw10(boolean write, int lba, int blocks) {
    return new byte[] {
      (byte) (write ? 0x2A : 0x28),
      0,
      (byte) (lba >> 24),
      (byte) (lba >> 16),
      (byte) (lba >> 8),
      (byte) lba,
      0,
      (byte) (blocks >> 8),
      (byte) blocks,
      0
    };
  }

  /** Sends a unit that costs a credit. */
  void send(byte[] iu) {
    assertThat(credits.decrementAndGet()).as("credits").isNotNegative();
    raw(iu);
  }

  void raw(byte[] iu) {
    FakeHca.Qp to = qp;
    hca.agent.execute(() -> to.deliver(iu));
  }

  void write(long tag, int lba, int blocks, Desc from) {
    send(command(tag, 0, rw10(true, lba, blocks), from, Desc.NONE));
  }

  void read(long tag, int lba, int blocks, Desc to) {
    send(command(tag, 0, rw10(false, lba, blocks), Desc.NONE, to));
  }

  MemorySegment response() {
    byte[] bytes = responseWithin(8000);
    assertThat(bytes).as("a response").isNotNull();
    assertThat(bytes[0] & 0xFF).isEqualTo(SrpOpcode.RSP);
    return MemorySegment.ofArray(bytes);
  }

  byte[] responseWithin(long ms) {
    try {
      return responses.poll(ms, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The response of a tag with status GOOD. */
  MemorySegment good(long tag) {
    MemorySegment rsp = response();
    assertThat(SrpIu.tag(rsp, 0)).isEqualTo(tag);
    assertThat(SrpRsp.status(rsp, 0)).as("status").isZero();
    return rsp;
  }

  /** Sense key and code of the next response. */
  int sense() {
    MemorySegment rsp = response();
    assertThat(SrpRsp.status(rsp, 0)).isEqualTo(2);
    long at = SrpRsp.senseData(rsp, 0);
    return (rsp.get(java.lang.foreign.ValueLayout.JAVA_BYTE, at + 2) & 0xF) << 8
        | rsp.get(java.lang.foreign.ValueLayout.JAVA_BYTE, at + 12) & 0xFF;
  }

  // The connection manager's side.

  @Override
  public InetSocketAddress remoteAddress() {
    return new InetSocketAddress("127.0.0.1", 1);
  }

  @Override
  public QpType type() {
    return QpType.RC;
  }

  @Override
  public byte[] privateData() {
    return loginData.clone();
  }

  @Override
  public int initiatorDepth() {
    return 4;
  }

  @Override
  public int responderResources() {
    return 200;
  }

  @Override
  public int pathMtuBytes() {
    return 1024;
  }

  @Override
  public Connection accept(QueuePair made, ConnectParams params, ConnectionHandler events)
      throws RdmaException {
    if (acceptFails) {
      throw new RdmaException("the request is no longer there");
    }
    markAnswered();
    assertThat(params.initiatorDepth()).isLessThanOrEqualTo(16);
    qp = (FakeHca.Qp) made;
    qp.peer = this;
    qp.state = QpState.RTS;
    handler = events;
    MemorySegment rsp = MemorySegment.ofArray(params.privateData());
    credits.set(ib.srp.SrpLoginRsp.requestLimitDelta(rsp, 0));
    connection =
        new Connection() {
          @Override
          public InetSocketAddress remoteAddress() {
            return FakeInitiator.this.remoteAddress();
          }

          @Override
          public int localQpn() {
            return qp.number;
          }

          @Override
          public void setDisconnectAnswer(byte[] privateData) {
            throw new UnsupportedOperationException("SRP has nothing to say");
          }

          @Override
          public CompletableFuture<byte[]> disconnect(byte[] privateData) {
            disconnect();
            return CompletableFuture.completedFuture(new byte[0]);
          }

          @Override
          public void disconnect() {
            disconnects.incrementAndGet();
          }
        };
    answer.complete(params.privateData());
    return connection;
  }

  @Override
  public void delay(byte[] privateData) {
    throw new UnsupportedOperationException("SRP answers at once");
  }

  @Override
  public void reject(int reason, byte[] privateData) {
    markAnswered();
    answer.complete(privateData);
  }

  private void markAnswered() {
    if (answered) {
      throw new IllegalStateException("answered already");
    }
    answered = true;
  }
}
