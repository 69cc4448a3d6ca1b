// SPDX-License-Identifier: Apache-2.0
package ib.verbs.spi;

import ib.dma.DmaBus;
import ib.dma.IbDma;
import ib.verbs.AsyncEventType;
import org.osgi.annotation.versioning.ProviderType;

/** What core gives an opening device. Thread-safe. */
@ProviderType
public interface HcaContext {
  /**
   * DMA operations of the driver itself: queues in coherent memory, tables.
   *
   * @return device and wrapped ops
   */
  IbDma dma();

  /**
   * The bus of this attachment, with all interposers; used on the port's agent thread only.
   *
   * @return how the hardware reaches memory
   */
  DmaBus bus();

  /**
   * Generation of the attachment.
   *
   * @return grows with each attachment of this host
   */
  long generation();

  /**
   * Reports an event of the device or port; never blocks, may be called on the agent thread.
   * DEVICE_FATAL and PORT_ERR lead to withdrawal and, if there is one, to the promotion of a
   * standby. Events of queues are only noted here: their owners are told through {@link
   * ResourceBook#asyncEvent}.
   *
   * @param type the event
   * @param detail for the log
   */
  void asyncEvent(AsyncEventType type, String detail);
}
