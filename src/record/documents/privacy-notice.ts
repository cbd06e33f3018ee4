import type { ClassName } from '../retention/types.js'
import type { DocumentLanguage, Facts, Paper, Section } from './types.js'
import { periodText } from './words.js'

/** What couriers and customers are told (Art. 13 GDPR), in words that need no lawyer. */
export function privacyNotice(facts: Facts, language: DocumentLanguage): Paper {
  const period = (name: ClassName): string => periodText(facts.classes.find((one) => one.name === name)?.periodSeconds ?? null, language)
  return texts[language]({ shop: facts.shop.name, records: facts.records, period, carriers: facts.config.trunks.length, others: facts.config.processors.map(({ name, country }) => `${name} (${country})`) })
}

interface Words {
  readonly shop: string
  readonly records: boolean
  readonly period: (name: ClassName) => string
  readonly carriers: number
  readonly others: readonly string[]
}

const texts: Readonly<Record<DocumentLanguage, (words: Words) => Paper>> = {
  en: ({ shop, records, period, others }) => ({
    title: `Calls about your delivery: how ${shop} protects your number`,
    language: 'en',
    sections: [
      { heading: 'What happens', paragraphs: [`When courier and customer phone each other about a delivery of ${shop}, neither sees the other's number. Both call, and are called from, a number of ours that works for this delivery only.`] },
      {
        heading: 'What is kept, and how long',
        table: [
          ['what', 'how long'],
          ['your number, sealed, so that calls can be connected', `${period('mapping')} at most, then ${period('quarantine')} so that the number goes to nobody else`],
          ['that a call took place: times, who called (courier or customer), how it ended; not your number', period('record')],
          ...records ? [['the recorded talk; both of you are told before it starts', period('recording')]] : [],
          ['counts of calls that tell nothing about anybody', period('statistics')]
        ]
      },
      { heading: 'Why we may', paragraphs: ['Your number: to carry out the delivery (Art. 6(1)(b) GDPR). That a call took place: our legitimate interest in clearing up complaints and abuse (Art. 6(1)(f)).', ...records ? ['The recording: your consent; hang up or say so if you do not want it.'] : ['Calls are not recorded.']] },
      who('Who else', 'The phone company that connects the call.', others),
      { heading: 'Your rights', paragraphs: [`You may see what is kept about your number, have it deleted, restricted or handed over, and object. Ask ${shop}. You will be asked to show that the phone is yours, for example by a code in a call. You may complain to your data protection authority; in Estonia that is Andmekaitse Inspektsioon (aki.ee).`] }
    ]
  }),
  et: ({ shop, records, period, others }) => ({
    title: `Kõned teie tarne kohta: kuidas ${shop} teie numbrit kaitseb`,
    language: 'et',
    sections: [
      { heading: 'Mis toimub', paragraphs: [`Kui kuller ja klient helistavad teineteisele seoses tarnega (${shop}), ei näe kumbki teise numbrit. Mõlemad helistavad meie numbrile, mis kehtib ainult selle tarne kohta, ja näevad kõnet sellelt numbrilt.`] },
      {
        heading: 'Mida säilitatakse ja kui kaua',
        table: [
          ['mida', 'kui kaua'],
          ['teie number, krüpteeritult, et kõnet ühendada', `kõige rohkem ${period('mapping')}, seejärel ${period('quarantine')}, et number ei läheks kellelegi teisele`],
          ['et kõne toimus: ajad, kes helistas (kuller või klient), kuidas see lõppes; mitte teie number', period('record')],
          ...records ? [['salvestatud kõne; enne algust öeldakse seda mõlemale', period('recording')]] : [],
          ['kõnede arvud, mis ei ütle kellegi kohta midagi', period('statistics')]
        ]
      },
      { heading: 'Miks me seda tohime', paragraphs: ['Teie number: tarne täitmiseks (isikuandmete kaitse üldmäärus, art 6 lg 1 p b). Kõne toimumine: meie õigustatud huvi lahendada kaebusi ja väärkasutust (art 6 lg 1 p f).', ...records ? ['Salvestus: teie nõusolek; kui te seda ei soovi, lõpetage kõne või öelge seda.'] : ['Kõnesid ei salvestata.']] },
      who('Kes veel', 'Telefoniettevõte, kes kõne ühendab.', others),
      { heading: 'Teie õigused', paragraphs: [`Võite näha, mida teie numbri kohta säilitatakse, lasta selle kustutada, piirata või üle anda ning esitada vastuväite. Pöörduge: ${shop}. Teil palutakse näidata, et telefon on teie oma, näiteks kõnes öeldud koodiga. Võite esitada kaebuse Andmekaitse Inspektsioonile (aki.ee).`] }
    ]
  }),
  ru: ({ shop, records, period, others }) => ({
    title: `Звонки о вашей доставке: как ${shop} защищает ваш номер`,
    language: 'ru',
    sections: [
      { heading: 'Что происходит', paragraphs: [`Когда курьер и получатель звонят друг другу по поводу доставки (${shop}), ни один не видит номера другого. Оба звонят на наш номер, который действует только для этой доставки, и видят звонок с него.`] },
      {
        heading: 'Что хранится и как долго',
        table: [
          ['что', 'как долго'],
          ['ваш номер, зашифрованный, чтобы соединять звонки', `не дольше ${period('mapping')}, затем ${period('quarantine')}, чтобы номер не достался никому другому`],
          ['что звонок был: время, кто звонил (курьер или получатель), чем закончился; не ваш номер', period('record')],
          ...records ? [['запись разговора; обоим говорят об этом до начала', period('recording')]] : [],
          ['количество звонков, которое ни о ком ничего не говорит', period('statistics')]
        ]
      },
      { heading: 'На каком основании', paragraphs: ['Ваш номер: исполнение доставки (GDPR, ст. 6(1)(b)). Сведения о звонке: наш законный интерес в разборе жалоб и злоупотреблений (ст. 6(1)(f)).', ...records ? ['Запись: ваше согласие; если вы против, положите трубку или скажите об этом.'] : ['Звонки не записываются.']] },
      who('Кто ещё', 'Телефонная компания, которая соединяет звонок.', others),
      { heading: 'Ваши права', paragraphs: [`Вы можете узнать, что хранится о вашем номере, потребовать удалить, ограничить или передать это, и возразить. Обратитесь: ${shop}. Вас попросят подтвердить, что телефон ваш, например кодом в звонке. Вы можете пожаловаться в инспекцию по защите данных; в Эстонии это Andmekaitse Inspektsioon (aki.ee).`] }
    ]
  })
}

function who(heading: string, carrier: string, others: readonly string[]): Section {
  return { heading, paragraphs: others.length === 0 ? [carrier] : [carrier, `${others.join(', ')}.`] }
}
