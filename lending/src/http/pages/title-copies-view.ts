import type { CopyLine } from '../../catalogue/copy.ts'
import { may } from '../../staff/permission.ts'
import { copyStateTag } from './availability.ts'
import { type Html, html } from './html.ts'
import { schemaAvailability } from './title-meta.ts'
import { unseen } from './unseen.ts'
import type { Visit } from './visit.ts'

/** The copies of a title, branch by branch, each as an offer in the words of schema.org. */
export function copyList(visit: Visit, copies: readonly CopyLine[]): Html {
  const byBranch = Map.groupBy(copies, ({ branchName }) => branchName)
  return html`${[...byBranch].map(
    ([branchName, here]) => html`<section class="branch-copies"><h3>${branchName}</h3>
    <ul class="rows">${here.map((each) => copyRow(visit, each))}</ul></section>`,
  )}`
}

function copyRow(visit: Visit, copy: CopyLine): Html {
  const { callNumber, itemTypeName, shelf, barcode, branchName } = copy
  const availability = schemaAvailability[copy.state]
  return html`<li${availability && html` itemprop="offers" itemscope itemtype="https://schema.org/Offer"`}>
    <div>${
      availability &&
      html`<meta itemprop="availability" content="${availability}"><meta itemprop="businessFunction" content="http://purl.org/goodrelations/v1#LeaseOut"><meta itemprop="availableAtOrFrom" content="${branchName}">`
    }
      <p>${callNumber ? html`<strong class="code"${availability && html` itemprop="sku"`}>${callNumber}</strong>` : itemTypeName}${
        shelf && html` · <bdi>${shelf}</bdi>`
      }</p>
      <p class="under">${callNumber && html`${itemTypeName} · `}<span class="code"${availability && html` itemprop="serialNumber"`}>${barcode}</span></p>
    </div>
    <p class="end">${copyStateTag(visit, copy)}${
      may(visit.who, 'catalogue-write') &&
      html`<br><a class="small" href="/copies/${copy.copyId}/edit">${visit.say('title.edit-copy', { barcode, unseen })}</a>`
    }</p>
  </li>`
}
