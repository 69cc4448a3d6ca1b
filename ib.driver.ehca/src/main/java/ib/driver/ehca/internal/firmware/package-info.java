// SPDX-License-Identifier: Apache-2.0
/**
 * The eHCA: what lies behind the hypercalls and the register pages. It shares no object with the
 * driver but those: work queue entries, completions, events and control blocks are bytes that it
 * reads and writes through its bus.
 */
@NullMarked
package ib.driver.ehca.internal.firmware;

import org.jspecify.annotations.NullMarked;
