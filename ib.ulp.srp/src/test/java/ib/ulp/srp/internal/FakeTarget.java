// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.srp.SrpBufferFormat;
import ib.srp.SrpCheck;
import ib.srp.SrpCmd;
import ib.srp.SrpCred;
import ib.srp.SrpDirectBuf;
import ib.srp.SrpIndirectBuf;
import ib.srp.SrpIu;
import ib.srp.SrpLoginRej;
import ib.srp.SrpLoginReq;
import ib.srp.SrpLoginReqCm;
import ib.srp.SrpLoginRsp;
import ib.srp.SrpOpcode;
import ib.srp.SrpRsp;
import ib.srp.SrpTskMgmt;
import ib.verbs.Connection;
import ib.verbs.ConnectionHandler;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * A scripted SRP target with a disk in memory. Everything runs on the agent thread; commands take a
 * seeded time.
 */
final class FakeTarget {
  static final int BLOCK = 512;

  final byte[] disk;
  final List<Session> sessions = new CopyOnWriteArrayList<>();
  final List<String> faults = new CopyOnWriteArrayList<>();
  final List<Integer> tasks = new CopyOnWriteArrayList<>();
  final Map<Integer, Integer> formats = new ConcurrentHashMap<>();
  private final ScheduledExecutorService agent;
  private final Random random;
  volatile int rejectReason;
  volatile int requestLimit = 32;
  volatile int maxDelayUs = 300;
  volatile int maxIuBytes = 8192;
  volatile boolean mute;
  volatile boolean taskMute;
  volatile int busy;

  /** READs that are not busy are swallowed, while everything else is answered. */
  volatile boolean swallowing;

  volatile int swallowed;

  /** Discovery commands to be answered with TASK SET FULL. */
  volatile int discoveryBusy;

  /** Credit that each response gives back. */
  volatile int grant = 1;

  /** Last block that READ CAPACITY(16) tells; negative for the true one. */
  volatile long lastBlock = -1;

  volatile int attentions;
  volatile int abortedDrops;
  volatile boolean answerTwice;

  /** Tag of the command that arrived last. */
  volatile long lastTag;

  /** What becomes of the answer to a login. */
  volatile UnaryOperator<byte[]> loginAnswer = UnaryOperator.identity();

  FakeTarget(ScheduledExecutorService agent, long seed, int blocks) {
    this.agent = agent;
    random = new Random(seed);
    disk = new byte[blocks * BLOCK];
  }

  /** One login. */
  final class Session {
    FakeHca.Qp qp;
    final boolean single;
    final Set<Long> tags = new HashSet<>();
    final Set<Long> aborted = new HashSet<>();
    ConnectionHandler handler;
    Connection connection;
    boolean ended;
    volatile int outstanding;

    Session(FakeHca.Qp qp, boolean single) {
      this.qp = qp;
      this.single = single;
    }

    void end() {
      ended = true;
    }

    /** Lets go of what the initiator closed, so that only its own leaks stay in memory. */
    void forgetIfClosed() {
      if (qp != null && qp.isClosed()) {
        end();
        qp = null;
        handler = null;
        connection = null;
        tags.clear();
        aborted.clear();
      }
    }

    void onMessage(byte[] message) {
      MemorySegment seg = MemorySegment.ofArray(message);
      String fault = SrpCheck.check(seg, 0, message.length, 0);
      if (fault != null) {
        faults.add(fault);
        return;
      }
      switch (SrpIu.opcode(seg, 0)) {
        case SrpOpcode.CMD -> onCommand(seg);
        case SrpOpcode.TSK_MGMT -> onTask(seg);
        case SrpOpcode.CRED_RSP, SrpOpcode.AER_RSP -> tasks.add(-SrpIu.opcode(seg, 0));
        default -> faults.add("opcode " + SrpIu.opcode(seg, 0));
      }
    }

    private void onCommand(MemorySegment seg) {
      if ((outstanding = outstanding + 1) >= requestLimit) {
        faults.add(outstanding + " commands with a request limit of " + requestLimit);
      }
      lastTag = SrpIu.tag(seg, 0);
      if (!tags.add(SrpIu.tag(seg, 0))) {
        faults.add("tag used twice in one login");
      }
      if (mute) {
        return;
      }
      int delay = maxDelayUs == 0 ? 0 : random.nextInt(maxDelayUs);
      agent.schedule(() -> execute(seg), delay, TimeUnit.MICROSECONDS);
    }

    private void onTask(MemorySegment seg) {
      tasks.add(SrpTskMgmt.function(seg, 0));
      if (taskMute) {
        return;
      }
      if (SrpTskMgmt.function(seg, 0) == SrpTskMgmt.ABORT_TASK) {
        aborted.add(SrpTskMgmt.taskTag(seg, 0));
        outstanding = outstanding - 1;
      }
      byte[] bytes = new byte[SrpRsp.LENGTH + SrpRsp.TASK_RESPONSE_LENGTH];
      MemorySegment rsp = MemorySegment.ofArray(bytes);
      SrpRsp.init(rsp, 0, SrpIu.tag(seg, 0));
      SrpRsp.requestLimitDelta(rsp, 0, 1);
      SrpRsp.taskResponse(rsp, 0, SrpRsp.TASK_COMPLETE);
      qp.deliver(bytes);
    }

    private void execute(MemorySegment seg) {
      if (ended || aborted.contains(SrpIu.tag(seg, 0)) || !qp.isAlive()) {
        abortedDrops++;
        return;
      }
      ByteBuffer cdb =
          seg.asSlice(SrpCmd.CDB_OFFSET, 16).asByteBuffer().order(ByteOrder.BIG_ENDIAN);
      if (attentions > 0) {
        attentions--;
        sense(seg, 0x6, 0x29, 0);
        return;
      }
      int op = cdb.get(0) & 0xFF;
      if (discoveryBusy > 0 && op != Cdb.READ_10 && op != Cdb.WRITE_10) {
        discoveryBusy--;
        respond(seg, Verdict.TASK_SET_FULL, new byte[0]);
        return;
      }
      if (busy > 0 && (op == Cdb.READ_10 || op == Cdb.WRITE_10)) {
        busy--;
        respond(seg, Verdict.BUSY, new byte[0]);
        return;
      }
      if (swallowing && op == Cdb.READ_10) {
        swallowed = swallowed + 1;
        return;
      }
      boolean moved =
          switch (op) {
            case Cdb.TEST_UNIT_READY, Cdb.SYNCHRONIZE_CACHE_10 -> true;
            case Cdb.INQUIRY -> give(seg, inquiry());
            case Cdb.READ_CAPACITY_10 ->
                give(
                    seg,
                    ByteBuffer.allocate(8).putInt(disk.length / BLOCK - 1).putInt(BLOCK).array());
            case Cdb.SERVICE_ACTION_IN_16 ->
                give(
                    seg,
                    ByteBuffer.allocate(32)
                        .putLong(lastBlock < 0 ? disk.length / BLOCK - 1 : lastBlock)
                        .putInt(BLOCK)
                        .put(14, (byte) 0x80)
                        .array());
            case Cdb.READ_10 -> transfer(seg, cdb.getInt(2), cdb.getShort(7), true);
            case Cdb.WRITE_10 -> transfer(seg, cdb.getInt(2), cdb.getShort(7), false);
            case Cdb.UNMAP -> unmap(seg);
            default -> {
              sense(seg, 0x5, 0x20, 0);
              yield false;
            }
          };
      if (moved) {
        respond(seg, 0, new byte[0]);
      }
    }

    private byte[] inquiry() {
      byte[] data = new byte[36];
      MemorySegment.copy(
          "OPENHCA scripted disk   0001".getBytes(),
          0,
          MemorySegment.ofArray(data),
          ValueLayout.JAVA_BYTE,
          8,
          28);
      return data;
    }

    private boolean transfer(MemorySegment seg, int lba, int blocks, boolean in) {
      return move(seg, disk, lba * BLOCK, blocks * BLOCK, in);
    }

    private boolean give(MemorySegment seg, byte[] data) {
      return move(seg, data, 0, data.length, true);
    }

    private boolean unmap(MemorySegment seg) {
      byte[] list = new byte[24];
      if (!move(seg, list, 0, 24, false)) {
        return false;
      }
      ByteBuffer buffer = ByteBuffer.wrap(list);
      int from = (int) buffer.getLong(8) * BLOCK;
      java.util.Arrays.fill(disk, from, from + buffer.getInt(16) * BLOCK, (byte) 0);
      return true;
    }

    /**
     * Moves through direct and indirect descriptors, fetching the table from memory where it is
     * longer than the unit's list.
     */
    private boolean move(MemorySegment seg, byte[] bytes, int offset, int length, boolean in) {
      int format = in ? SrpCmd.inFormat(seg, 0) : SrpCmd.outFormat(seg, 0);
      int count = in ? SrpCmd.inCount(seg, 0) : SrpCmd.outCount(seg, 0);
      long at = in ? SrpCmd.inDescriptor(seg, 0) : SrpCmd.outDescriptor(seg, 0);
      MemorySegment table = seg;
      int entries = 1;
      if (format == SrpBufferFormat.INDIRECT) {
        entries = (int) SrpIndirectBuf.tableEntries(seg, at);
        byte[] fetched = new byte[entries * SrpDirectBuf.LENGTH];
        if (!qp.rdma(
            SrpDirectBuf.va(seg, SrpIndirectBuf.table(at)), fetched, 0, fetched.length, false)) {
          faults.add("the table can't be read");
          return false;
        }
        formats.merge(count < entries ? 4 : 2, 1, Integer::sum);
        table = MemorySegment.ofArray(fetched);
        at = 0;
      } else {
        formats.merge(format, 1, Integer::sum);
      }
      int done = 0;
      for (int i = 0; i < entries && done < length; i++) {
        long entry = at + (long) i * SrpDirectBuf.LENGTH;
        int piece = (int) Math.min(SrpDirectBuf.length(table, entry), length - done);
        if (!qp.rdma(SrpDirectBuf.va(table, entry), bytes, offset + done, piece, in)) {
          if (qp.isAlive()) {
            faults.add("protection error at entry " + i);
          }
          return false;
        }
        done += piece;
      }
      if (done != length) {
        faults.add("descriptors of " + done + " bytes for " + length);
      }
      return done == length;
    }

    private void sense(MemorySegment cmd, int key, int asc, int ascq) {
      byte[] sense = new byte[18];
      sense[0] = 0x70;
      sense[2] = (byte) key;
      sense[12] = (byte) asc;
      sense[13] = (byte) ascq;
      respond(cmd, Verdict.CHECK_CONDITION, sense);
    }

    void respond(MemorySegment cmd, int status, byte[] sense) {
      byte[] bytes = new byte[SrpRsp.LENGTH + sense.length];
      MemorySegment rsp = MemorySegment.ofArray(bytes);
      SrpRsp.init(rsp, 0, SrpIu.tag(cmd, 0));
      SrpRsp.requestLimitDelta(rsp, 0, grant);
      SrpRsp.status(rsp, 0, status);
      if (sense.length > 0) {
        SrpRsp.flags(rsp, 0, SrpRsp.SENSE_VALID);
        SrpRsp.senseLength(rsp, 0, sense.length);
        MemorySegment.copy(sense, 0, rsp, ValueLayout.JAVA_BYTE, SrpRsp.LENGTH, sense.length);
      }
      outstanding = outstanding - 1;
      qp.deliver(bytes);
      if (answerTwice) {
        byte[] again = bytes.clone();
        SrpRsp.requestLimitDelta(MemorySegment.ofArray(again), 0, 0);
        qp.deliver(again);
      }
    }
  }

  /** Answers a login; returns the private data of REP or REJ. On the agent. */
  byte[] login(FakeHca.Qp qp, byte[] request) {
    MemorySegment seg = MemorySegment.ofArray(request);
    if (rejectReason != 0) {
      byte[] bytes = new byte[84];
      SrpLoginRej.init(MemorySegment.ofArray(bytes), 0, SrpLoginReqCm.tag(seg, 0));
      SrpLoginRej.reason(MemorySegment.ofArray(bytes), 0, rejectReason);
      return bytes;
    }
    boolean single =
        (SrpLoginReqCm.flags(seg, 0) & SrpLoginReq.ACTION_MASK) == SrpLoginReq.ACTION_SINGLE;
    if (single) {
      sessions.forEach(Session::end);
    }
    sessions.forEach(Session::forgetIfClosed);
    Session session = new Session(qp, single);
    sessions.add(session);
    qp.session = session;
    byte[] bytes = new byte[196];
    MemorySegment rsp = MemorySegment.ofArray(bytes);
    SrpLoginRsp.init(rsp, 0, SrpLoginReqCm.tag(seg, 0));
    SrpLoginRsp.requestLimitDelta(rsp, 0, requestLimit);
    SrpLoginRsp.maxInitiatorToTarget(rsp, 0, maxIuBytes);
    SrpLoginRsp.bufferFormats(rsp, 0, 6);
    return loginAnswer.apply(bytes);
  }

  /** Sends a CRED_REQ on the newest session. */
  void sendCreditRequest(int delta) {
    agent.execute(
        () -> {
          byte[] bytes = new byte[SrpCred.LENGTH];
          SrpCred.initRequest(MemorySegment.ofArray(bytes), 0, 77, delta);
          sessions.getLast().qp.deliver(bytes);
        });
  }

  /** Sends any unit on the newest session. */
  void send(byte[] unit) {
    agent.execute(() -> sessions.getLast().qp.deliver(unit));
  }

  /** Ends the connection of the newest session, as a target does whose device leaves. */
  void disconnectNewest() {
    agent.execute(
        () -> {
          Session last = sessions.getLast();
          last.end();
          last.qp.fail(ib.verbs.WcStatus.WR_FLUSH_ERR);
          last.handler.onDisconnected(last.connection);
        });
  }
}
