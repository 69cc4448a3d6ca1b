// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.dma.DmaDirection;
import ib.dma.DmaMemoryPool;
import ib.srp.SrpCmd;
import ib.srp.SrpDirectBuf;
import ib.srp.SrpIndirectBuf;
import ib.verbs.AccessFlags;
import ib.verbs.CompletionHandler;
import ib.verbs.CompletionQueue;
import ib.verbs.DeviceAttributes;
import ib.verbs.MemoryRegion;
import ib.verbs.PostResult;
import ib.verbs.ProtectionDomain;
import ib.verbs.QpAttributes;
import ib.verbs.QpInitAttributes;
import ib.verbs.QpState;
import ib.verbs.QpType;
import ib.verbs.QueuePair;
import ib.verbs.RdmaDevice;
import ib.verbs.RdmaException;
import ib.verbs.RecvWr;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Everything a channel has of its device. Made in one go and closed in reverse; what was made
 * before a failure is closed again.
 */
final class ChannelResources implements AutoCloseable {
  /** Sends beside commands: discovery, task management, answers to CRED_REQ and AER_REQ. */
  static final int EXTRA_SENDS = 4;

  /** Bytes that a discovery command may return. */
  static final int ADMIN_BYTES = 512;

  /** What the target may do by our key: fetch data of writes and tables, store data of reads. */
  static final int ACCESS =
      AccessFlags.LOCAL_WRITE | AccessFlags.REMOTE_READ | AccessFlags.REMOTE_WRITE;

  private static final int MIN_RECEIVE_BYTES = 512;

  final RdmaDevice device;
  final int commands;
  final MemoryRegion mr;
  final CompletionQueue cq;
  final QueuePair qp;
  final MappedRing receives;
  final MappedRing sends;
  final MappedRing tables;
  final MappedRing admin;
  final int readsAsResponder;

  private final Deque<AutoCloseable> made = new ArrayDeque<>();

  /**
   * Makes the resources, with all receives posted.
   *
   * @throws LoginException naming what could not be made
   */
  ChannelResources(
      RdmaDevice device, DmaMemoryPool pool, SrpConfig config, CompletionHandler handler)
      throws LoginException {
    this.device = device;
    try {
      DeviceAttributes limits = device.query();
      readsAsResponder = Math.min(16, limits.maxQpRdAtom());
      commands = commandsWithin(limits, config);
      int pieces = pieces();
      ProtectionDomain pd = keep(device.allocPd());
      mr = keep(pd.getDmaMr(ACCESS));
      receives =
          keep(
              new MappedRing(
                  device.dma(), pool, pieces, receiveBytes(config), DmaDirection.FROM_DEVICE));
      sends =
          keep(
              new MappedRing(
                  device.dma(),
                  pool,
                  pieces,
                  sendBytes(config.sgEntries()),
                  DmaDirection.TO_DEVICE));
      tables =
          keep(
              new MappedRing(
                  device.dma(),
                  pool,
                  config.queueSize(),
                  tableBytes(config),
                  DmaDirection.TO_DEVICE));
      admin = keep(new MappedRing(device.dma(), pool, 1, ADMIN_BYTES, DmaDirection.FROM_DEVICE));
      cq = keep(device.createCq(pieces * 2, handler));
      qp = keep(pd.createQp(new QpInitAttributes(QpType.RC, cq, cq, pieces, pieces, 1, 1)));
      qp.modify(new QpAttributes().state(QpState.INIT).accessFlags(ACCESS));
      postReceives();
    } catch (RdmaException e) {
      close();
      throw new LoginException(device.name() + ": " + e.getMessage(), e);
    } catch (LoginException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private static int commandsWithin(DeviceAttributes limits, SrpConfig config)
      throws LoginException {
    int room = Math.min(limits.maxQpWr(), limits.maxCqe() / 2) - EXTRA_SENDS;
    if (room < 1) {
      throw new LoginException(
          "a queue pair of this device takes "
              + limits.maxQpWr()
              + " requests, a completion queue "
              + limits.maxCqe()
              + " entries: too few for SRP; use another device");
    }
    return Math.min(config.queueSize(), room);
  }

  /** Length of a command with as many descriptors as it may have. */
  static int sendBytes(int sgEntries) {
    return SrpCmd.LENGTH + SrpIndirectBuf.LENGTH + sgEntries * SrpDirectBuf.LENGTH;
  }

  private static int receiveBytes(SrpConfig config) {
    return Math.max(MIN_RECEIVE_BYTES, sendBytes(config.sgEntries()));
  }

  private static int tableBytes(SrpConfig config) {
    return config.allowExtSg()
        ? SrpConfig.MAX_EXTERNAL_ENTRIES * SrpDirectBuf.LENGTH
        : Cdb.UNMAP_LIST_BYTES;
  }

  /** Pieces of each ring. */
  int pieces() {
    return commands + EXTRA_SENDS;
  }

  private void postReceives() throws LoginException {
    RecvWr request = new RecvWr();
    for (int piece = 0; piece < pieces(); piece++) {
      receives.beforeDevice(piece, receives.strideBytes());
      request
          .reset(SrpChannel.RECEIVE_BIT | piece)
          .sges()
          .add(receives.dmaAddress(piece), receives.strideBytes(), mr.lkey());
      PostResult result = qp.postRecv(request);
      if (result != PostResult.OK) {
        throw new LoginException(
            device.name() + " refused receive " + piece + " of " + pieces() + ": " + result);
      }
    }
  }

  private <T extends AutoCloseable> T keep(T resource) {
    made.push(resource);
    return resource;
  }

  /** Ends all access of the hardware to our memory: the first half of {@link #close}. */
  void closeQueuePair() {
    qp.close();
    made.remove(qp);
  }

  @Override
  public void close() {
    RuntimeException first = null;
    while (!made.isEmpty()) {
      try {
        made.pop().close();
      } catch (Exception e) {
        // The rest must go all the same; what stays is counted and reclaimed by core.
        first =
            first != null
                ? first
                : new IllegalStateException(device.name() + ": " + e.getMessage(), e);
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
