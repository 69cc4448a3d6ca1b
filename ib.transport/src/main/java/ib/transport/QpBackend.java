// SPDX-License-Identifier: Apache-2.0
package ib.transport;

import ib.dma.BusWindow;
import ib.verbs.WcOpcode;
import ib.verbs.WcStatus;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The hardware side of a queue pair, implemented by each driver's hardware model. Called by the
 * engine on the agent thread only; must not block or throw. Must not call back into the {@link
 * PortQp} from inside a method, except {@link PortQp#kickSend}.
 */
@ConsumerType
public interface QpBackend {
  /**
   * Takes the next send entry from the work queue. The engine pulls while it has room in its window
   * and keeps the decoded entry until its completion; each entry given is completed by {@link
   * #completeSend} exactly once, in order, also when unsignalled.
   *
   * @param into to be filled
   * @return false if the queue is empty
   */
  boolean nextSend(SendWqe into);

  /**
   * Takes the next receive entry; each is completed by {@link #completeReceive} exactly once.
   *
   * @param into to be filled
   * @return false if none is posted: the engine answers RNR
   */
  boolean nextReceive(RecvWqe into);

  /**
   * Checks a local key and resolves the beginning of a range; the whole range is checked.
   *
   * @param lkey key of an element
   * @param address first byte, in the meaning of the region
   * @param lengthBytes length of the whole access, at least 1
   * @param write true if the device will write
   * @param window set to the first contiguous run on OK
   * @return OK or the reason
   */
  MemoryStatus resolveLocal(
      int lkey, long address, long lengthBytes, boolean write, BusWindow window);

  /**
   * Checks a remote key (protection domain, bounds, rights) and resolves the beginning of a range;
   * the whole range is checked.
   *
   * @param rkey key of the peer's request
   * @param address first byte, in the meaning of the region
   * @param lengthBytes length of the whole access, at least 1
   * @param write true for RDMA WRITE, false for READ
   * @param window set to the first contiguous run on OK
   * @return OK or the reason
   */
  MemoryStatus resolveRemote(
      int rkey, long address, long lengthBytes, boolean write, BusWindow window);

  /**
   * A send entry is done. The hardware writes a completion queue entry if {@code status} is not
   * SUCCESS or the entry was signalled, and frees the slot of the work queue.
   *
   * @param cookie of the entry
   * @param signaled whether the entry asked for a completion on success
   * @param status outcome
   * @param opcode what it was
   * @param lengthBytes bytes moved
   */
  void completeSend(
      long cookie, boolean signaled, WcStatus status, WcOpcode opcode, int lengthBytes);

  /**
   * A receive entry is done.
   *
   * @param cookie of the entry
   * @param status outcome
   * @param opcode RECV or RECV_RDMA_WITH_IMM
   * @param lengthBytes bytes received
   * @param hasImmediate whether {@code immediate} is valid
   * @param immediate immediate data
   * @param srcQpn sender of a datagram
   * @param solicited whether the sender asked for a solicited event
   */
  void completeReceive(
      long cookie,
      WcStatus status,
      WcOpcode opcode,
      int lengthBytes,
      boolean hasImmediate,
      int immediate,
      int srcQpn,
      boolean solicited);

  /**
   * The engine moved the queue pair into ERR by itself. Everything pending has been or will be
   * flushed through the completions.
   *
   * @param cause what happened
   */
  void onFatal(String cause);
}
