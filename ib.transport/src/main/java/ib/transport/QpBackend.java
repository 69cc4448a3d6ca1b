// SPDX-License-Identifier: Apache-2.0
package ib.transport;

import ib.dma.BusWindow;
import ib.verbs.AccessFlags;
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
   * Checks a remote key (protection domain, bounds, rights, for a window of type 2 the queue pair)
   * and resolves the beginning of a range; the whole range is checked.
   *
   * @param rkey key of the peer's request
   * @param address first byte, in the meaning of the region
   * @param lengthBytes length of the whole access, at least 1
   * @param need rights of {@link AccessFlags} that must be there: REMOTE_WRITE, REMOTE_READ,
   *     REMOTE_ATOMIC, FLUSH_GLOBAL, FLUSH_PERSISTENT; see {@link #writes}
   * @param window set to the first contiguous run on OK
   * @return OK or the reason
   */
  MemoryStatus resolveRemote(int rkey, long address, long lengthBytes, int need, BusWindow window);

  /**
   * Whether an access with these rights writes.
   *
   * @param need rights of {@link AccessFlags}
   * @return true for REMOTE_WRITE and REMOTE_ATOMIC
   */
  static boolean writes(int need) {
    return (need & (AccessFlags.REMOTE_WRITE | AccessFlags.REMOTE_ATOMIC)) != 0;
  }

  /**
   * Checks a remote key like {@link #resolveRemote}, but no range, and tells what it opens: for
   * FLUSH of a whole region.
   *
   * @param rkey key of the peer's request
   * @param need rights of {@link AccessFlags}
   * @param into set to what the key opens on OK; length 0 for all memory
   * @return OK or the reason
   */
  default MemoryStatus remoteRange(int rkey, int need, RemoteRange into) {
    return MemoryStatus.INVALID_KEY;
  }

  /**
   * Does a local operation: LOCAL_INV, REG_MR or BIND_MW. Called in the order of the send queue,
   * once for each entry.
   *
   * @param entry the operation and its fields
   * @return false if key, state, rights, range or protection domain are wrong, and nothing changed
   */
  default boolean executeLocal(SendWqe entry) {
    return false;
  }

  /**
   * Makes a key invalid because the peer asked for it (SEND with invalidate): of a region for fast
   * registration, or of a window of type 2 bound to this queue pair.
   *
   * @param rkey key of the peer's request
   * @return false if there is no such key, or it can't be made invalid from outside
   */
  default boolean invalidateRemote(int rkey) {
    return false;
  }

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
   * @param flags bits of {@link ib.verbs.WcFlags}
   * @param immediateOrKey immediate data, or the key that the sender made invalid, as the flags say
   * @param srcQpn sender of a datagram
   * @param solicited whether the sender asked for a solicited event
   */
  void completeReceive(
      long cookie,
      WcStatus status,
      WcOpcode opcode,
      int lengthBytes,
      int flags,
      int immediateOrKey,
      int srcQpn,
      boolean solicited);

  /**
   * Whether receives come from a shared receive queue. Those are not flushed: in ERR none is taken
   * any more. Does not change.
   *
   * @return false for a receive queue of its own
   */
  default boolean sharesReceives() {
    return false;
  }

  /**
   * The queue pair is in ERR and takes no receive of a shared receive queue any more; what it had
   * taken is completed.
   */
  default void onLastWqe() {}

  /** A connected queue pair in RTR received a packet of its peer, the first since RESET. */
  default void onCommEst() {}

  /** In SQD nothing is in progress any more, and the user wants to know. */
  default void onSqDrained() {}

  /**
   * The engine moved an unreliable queue pair into SQE by itself: the request that failed is
   * completed, those after it are flushed, receives go on.
   *
   * @param cause what happened
   */
  default void onSqe(String cause) {}

  /**
   * The engine moved the queue pair into ERR by itself. Everything pending has been or will be
   * flushed through the completions.
   *
   * @param cause what happened
   */
  void onFatal(String cause);
}
