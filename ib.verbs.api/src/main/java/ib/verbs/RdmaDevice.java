// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import ib.dma.IbDma;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What a ULP binds: one generation of a device, with its ops. A bundle-scoped service of {@code
 * ib.core}: each bundle has its own handle, so that everything mapped and created is counted by
 * owner.
 *
 * <p>Service properties: {@link #DEVICE}, {@link #PORT}, {@link #GENERATION} (Long), {@link
 * #DRIVER}; {@code service.ranking} is the generation, so a DYNAMIC GREEDY reference binds the
 * newer before it unbinds the older.
 *
 * <p>When the driver leaves, the service is unregistered. Inside its unbind callback a ULP stops
 * issuing, drains or breaks what is in flight (at most 3 s), unmaps, closes everything it made
 * here, and returns. What is left afterwards is reported with the bundle's name and reclaimed;
 * calls then answer {@link PostResult#WITHDRAWN} or throw {@link RdmaException}. Thread-safe.
 */
@ProviderType
public interface RdmaDevice {
  /** Service property: device name, e.g. {@code mthca0}. */
  String DEVICE = "ib.device";

  /** Service property: port name, e.g. {@code p0}. */
  String PORT = "ib.port";

  /** Service property: generation, a Long that grows with each promotion in this host. */
  String GENERATION = "ib.generation";

  /** Service property: symbolic name of the driver bundle. */
  String DRIVER = "ib.driver";

  /**
   * Device name.
   *
   * @return e.g. {@code mthca0}
   */
  String name();

  /**
   * Port name.
   *
   * @return e.g. {@code p0}
   */
  String portName();

  /**
   * Generation.
   *
   * @return grows with each promotion in this host
   */
  long generation();

  /**
   * The DMA operations for this owner.
   *
   * @return the only way to map memory for this device
   */
  IbDma dma();

  /**
   * Limits.
   *
   * @return the device's answer
   */
  DeviceAttributes query();

  /**
   * Allocates a protection domain.
   *
   * @return the domain
   * @throws RdmaException if there is no room or the device is gone
   */
  ProtectionDomain allocPd() throws RdmaException;

  /**
   * Creates a completion queue.
   *
   * @param entries at least this many, 1 to the device's limit; an overrun puts its queue pairs
   *     into error
   * @param handler told of entries after {@link CompletionQueue#reqNotify}; null to poll only
   * @return the queue
   * @throws RdmaException if there is no room or the device is gone
   */
  CompletionQueue createCq(int entries, @Nullable CompletionHandler handler) throws RdmaException;

  /**
   * Sets who is told of asynchronous events: those of the port and device, and those of the objects
   * that this owner made here.
   *
   * @param handler the one handler, in the place of the one before; null for none, which is so at
   *     first. None is called any more once the device is withdrawn
   */
  void setAsyncEventHandler(@Nullable AsyncEventHandler handler);

  /**
   * True once the device left.
   *
   * @return whether calls still reach hardware
   */
  boolean isWithdrawn();
}
