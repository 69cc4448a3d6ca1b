// SPDX-License-Identifier: Apache-2.0
package ib.transport.hca;

import ib.verbs.MemoryWindow;
import ib.verbs.MwType;
import ib.verbs.PostResult;
import ib.verbs.QueuePair;
import ib.verbs.SendWr;
import ib.verbs.WrOpcode;
import ib.verbs.spi.ResourceBook;

/** A memory window as its owner has it. Binds are posted by one thread at a time. */
public abstract class HcaWindow extends HcaResource implements MemoryWindow {
  private final MwType type;
  private volatile int key;

  /**
   * Creates a window, not yet in the book.
   *
   * @param commands command channel of the device
   * @param book book of the owner
   * @param label kind and number
   * @param type how it is bound
   */
  protected HcaWindow(HcaCommands commands, ResourceBook book, String label, MwType type) {
    super(commands, book, label);
    this.type = type;
  }

  @Override
  public final MwType type() {
    return type;
  }

  @Override
  public final int rkey() {
    return key;
  }

  /**
   * Sets the key: the first, or that of a bind that is being posted.
   *
   * @param rkey new key
   */
  public final void setKey(int rkey) {
    key = rkey;
  }

  @Override
  public final PostResult bind(QueuePair qp, SendWr request) {
    if (type != MwType.TYPE_1
        || request.opcode() != WrOpcode.BIND_MW
        || !equals(request.window())) {
      throw new IllegalArgumentException(
          label()
              + " of "
              + type
              + " can't be bound with "
              + request.opcode()
              + ": bind a window of TYPE_1 with BIND_MW and bindMw of itself, post one of TYPE_2");
    }
    return qp.postSend(request);
  }
}
