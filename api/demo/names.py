"""Lists of names in both scripts, from which invented people are named.

Each list is ours, common names in their usual Moroccan spellings, the most frequent first; a person is a random combination.
An entry is `Latin/Other Latin=Arabic`, the canonical Latin spelling first.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """A name: its Arabic form and one to three Latin spellings, the canonical one first."""

    arabic: str
    latin: tuple[str, ...]


def _names(text: str) -> tuple[Name, ...]:
    names = []
    for entry in text.replace("\n", ",").split(","):
        if entry.strip():
            latin, arabic = entry.split("=")
            names.append(Name(arabic.strip(), tuple(spelling.strip() for spelling in latin.split("/"))))
    return tuple(names)


# Given to children at any time; mostly before 1970; mostly since 1995.
MALE_EVER = _names("""
Mohammed/Mohamed/Mohamad=محمد, Ahmed/Ahmad=أحمد, Hassan/Hasan=حسن, Youssef/Yousef/Youcef=يوسف
Rachid/Rachide=رشيد, Khalid/Khaled=خالد, Said/Saïd/Saaid=سعيد, Abdellah/Abdallah=عبد الله
Mustapha/Mostafa/Moustapha=مصطفى, Omar/Omare=عمر, Hicham/Hichame=هشام, Karim/Karime=كريم, Ali/Aly=علي
Abdelilah/Abdelillah=عبد الإله, Aziz/Azize=عزيز, Jamal/Djamal=جمال, Abderrahim/Abdrahim=عبد الرحيم
Abdelkader/Abdelkadir=عبد القادر, Abdelaziz/Abdelazize=عبد العزيز, Driss/Idriss=إدريس, Nabil/Nabile=نبيل
Adil/Adel=عادل, Redouane/Redwane/Radouane=رضوان, Samir/Samire=سمير, Mourad/Mourade=مراد, Brahim=إبراهيم
Abdelhak/Abdelhaq=عبد الحق, Noureddine/Nour-Eddine/Nordine=نور الدين, Azeddine/Azzeddine=عز الدين
Tarik/Tariq=طارق, Abdessamad/Abdesamad=عبد الصمد, Fouad/Fouade=فؤاد, Mohcine/Mouhcine/Mohssine=محسن
Jaouad/Jawad=جواد, Yassine/Yacine=ياسين, Abdelghani/Abdelrhani=عبد الغني, Abdelmajid/Abdelmajide=عبد المجيد
Lahoucine/Lahcine=الحسين, Ismail/Ismaïl/Smail=إسماعيل, Younes/Younès/Youness=يونس
Salah Eddine/Salaheddine=صلاح الدين, Hamid/Hamide=حميد, Zakaria/Zakariae=زكرياء, Anas/Anass=أنس
Mehdi/Mahdi=المهدي, Othmane/Otmane=عثمان, Bilal/Bilale=بلال, Jalal/Jalale=جلال, Issam/Aissam=عصام
Badr/Badre=بدر
""")
MALE_OLD = _names("""
Lahcen/Lahsen=لحسن, Mbarek/Embarek/M'Barek=امبارك, Bouchaib/Bouchaïb=بوشعيب
El Houssine/Elhoussine/Houcine=الحوسين, Miloud/Mouloud=ميلود, Larbi/El Arbi=العربي, Maati/El Maati=المعطي
Allal/Alal=علال, Thami/Touhami=التهامي, Jilali/Djilali=الجيلالي, Abdeslam/Abdesslam=عبد السلام
Mohand/Mouhand=محند, Hammou/Hamou=حمو, Ahmadou/Hmad=احماد, Moha/Mouha=موحى, Bachir/El Bachir=البشير
Kaddour/Qaddour=قدور, Salah/Saleh=صالح, Mimoun/Mimoune=ميمون, Abbes/Abbas=عباس, Hamadi/Hammadi=حمادي
Tayeb/Taieb/Tayyeb=الطيب, Bouazza/Bouaza=بوعزة, Cherki/Charki=الشرقي, Abdelouahed/Abdelwahed=عبد الواحد
Lhaj/El Haj=الحاج, Ayad/Aiad=عياد, Omar Ou Ali=عمر أوعلي, Mekki/El Mekki=المكي, Rahal/Rahhal=رحال
Kacem/Kassem/Qacem=قاسم, Sellam/Salam=سلام, Hoummad/Houmad=حماد, Jelloul/Jalloul=جلول, Moulay Ahmed=مولاي أحمد
Sidi Mohamed/Sidi Mohammed=سيدي محمد, Moulay Ali=مولاي علي, Bouselham/Bousselham=بوسلهام
Benaissa/Benaïssa=بنعيسى, Abdelkrim/Abdelkarim=عبد الكريم, Mokhtar/El Mokhtar=المختار
Abderrahmane/Abdrahmane=عبد الرحمان
""")
MALE_YOUNG = _names("""
Amine/Amin=أمين, Ayoub/Ayyoub=أيوب, Hamza/Hamzah=حمزة, Adam=آدم, Rayan/Rayane=ريان, Imad/Imade=عماد
Soufiane/Sofiane=سفيان, Mohamed Amine/Mohammed Amine=محمد أمين, Oussama/Ousama=أسامة, Walid/Oualid=وليد
Ilyas/Ilyass/Elias=إلياس, Marouane/Marwane=مروان, Yahya/Yahia=يحيى, Reda/Rida=رضا, Aymane/Ayman/Aimane=أيمن
Saad/Saâd=سعد, Taha=طه, Achraf/Ashraf=أشرف, Anouar/Anwar=أنوار, Ziad/Zyad=زياد, Nizar/Nizare=نزار
Haitam/Haytham/Haitham=هيثم, Ali Reda=علي رضا, Moad/Mouad/Moâd=معاذ, Zaid/Zayd=زيد
Mohamed Reda/Mohammed Reda=محمد رضا, Ibrahim/Ibrahime=ابراهيم, Abdelmounaim/Abdelmonim=عبد المنعم
Houssam/Hossam=حسام, Ghali/Rhali=غالي, Ismael/Ismaël=اسماعيل, Louay=لؤي, Wassim/Ouassim=وسيم
Mohamed Taha/Mohammed Taha=محمد طه, Riad/Ryad=رياض, Chihab/Chihabe=شهاب, Jad/Djad=جاد, Nassim/Nacim=نسيم
Sami/Samy=سامي, Anis/Aniss=أنيس, Salim/Slim=سليم, Yanis=يانيس
""")
FEMALE_EVER = _names("""
Fatima/Fatema/Fatma=فاطمة, Khadija/Khadidja=خديجة, Aicha/Aïcha=عائشة, Naima/Naïma=نعيمة
Fatima Zahra/Fatima-Zahra/Fatima Zohra=فاطمة الزهراء, Samira/Samirah=سميرة, Malika/Melika=مليكة
Latifa/Lateefa=لطيفة, Nadia/Nadya=نادية, Karima/Kareema=كريمة, Hanane/Hanan=حنان, Zineb/Zaineb/Zeineb=زينب
Amina/Amena=أمينة, Meryem/Maryam/Mariam=مريم, Rachida=رشيدة, Saida/Saïda=سعيدة, Souad/Souaad=سعاد
Hayat/Hayate=حياة, Asmae/Asmaa/Asma=أسماء, Laila/Leila/Layla=ليلى, Houda/Hoda=هدى, Siham/Sihame=سهام
Nawal/Naoual=نوال, Loubna/Lobna=لبنى, Sanae/Sanaa/Sana=سناء, Bouchra/Bushra=بشرى, Ilham/Ilhame=إلهام
Btissam/Ibtissam/Ibtissame=ابتسام, Najat/Najate=نجاة, Jamila/Djamila=جميلة, Mina=مينة, Fouzia/Faouzia=فوزية
Touria/Thouria=ثورية, Wafae/Wafaa/Ouafae=وفاء, Safia/Safiya=صفية, Hafida/Hafidha=حفيظة, Khaoula/Khawla=خولة
Imane/Iman=إيمان, Ikram/Ikrame=إكرام, Hasnae/Hasnaa/Hasna=حسناء, Rajae/Rajaa/Raja=رجاء, Sara/Sarah=سارة
Nora/Noura=نورة, Majda/Majida=ماجدة, Hind/Hinde=هند, Ghizlane/Rhizlane=غزلان, Halima=حليمة, Jihane/Jihan=جيهان
Rabia/Rabiaa=ربيعة, Salma/Selma=سلمى
""")
FEMALE_OLD = _names("""
Zahra/Zohra=الزهرة, Yamina/Yemina=يامنة, Rahma/Rahmah=رحمة, Mbarka/Embarka/M'Barka=امباركة, Fadma/Fadna=فاضمة
Aouicha/Aouisha=عويشة, Itto/Ittou=إيطو, Rkia/Rqia/Rokia=رقية, Hadda/Haddah=حادة, Tamou/Tamo=طامو
Zhor/Zhour=الزهور, Batoul/Lbatoul=البتول, Ghita/Rhita=غيتة, Keltoum/Kaltoum/Kelthoum=كلثوم, Aziza/Azeeza=عزيزة
Habiba/Hbiba=حبيبة, Drissia/Idrissia=إدريسية, Milouda/Miloudia=ميلودة, Mahjouba/Mahjoba=محجوبة
Lalla Khadija=لالة خديجة, Chaibia/Chaïbia=الشعيبية, Menana/Mennana=منانة, Tlaitmas/Tlaytmas=تلايتماس
Fettouma/Fatouma=فطومة, Zoubida/Zoubeida=زبيدة, Khadouj/Khaddouj=خدوج, Ijja/Ijjou=إجة, Hnia/Haniya=هنية
Mama/Mamma=ماما, Lkbira/Kebira/El Kbira=الكبيرة, Bahija/Bahidja=بهيجة, Toudert=تودرت, Arkia/Aarkia=عرقية
Tounarouz=تونروز, Lalla Aicha=لالة عائشة, Fatna/Fetna=فطنة, Yezza/Izza=يزة, Daouia/Daouya=الضاوية
Mahbouba/Mahboba=محبوبة, Sfia/Sofia=صفيا, Chama=شامة
""")
FEMALE_YOUNG = _names("""
Doha/Douha=ضحى, Aya/Ayah=آية, Malak/Malake=ملاك, Hiba/Hibah=هبة, Nour/Noor=نور
Yasmine/Yassmine=ياسمين, Oumaima/Omaima=أميمة, Chaimae/Chaimaa/Chaima=شيماء, Rim/Rime/Reem=ريم
Israe/Israa/Issrae=إسراء, Wiam/Ouiam/Wiame=وئام, Ines/Inès=إيناس, Lina/Leena=لينا, Firdaous/Firdaws=فردوس
Manal/Manale=منال, Kaoutar/Kawtar/Kaouthar=كوثر, Douae/Douaa/Doaa=دعاء, Rania/Raniya=رانيا
Ghita Malak=غيثة ملاك, Safae/Safaa/Safa=صفاء, Nouhaila/Nohaila=نهيلة, Marwa/Maroua=مروة, Jannat/Jannate=جنات
Alae/Alaa=آلاء, Nisrine/Nesrine/Nissrine=نسرين, Assia/Asia=آسية, Basma/Bassma=بسمة, Soukaina/Sokaina=سكينة
Tasnim/Tasnime=تسنيم, Hajar/Hajare=هاجر, Fatima Nour=فاطمة نور, Ritaj/Ritaje=رتاج, Lamiae/Lamiaa=لمياء
Najlae/Najlaa=نجلاء, Sirine/Cyrine=سيرين, Kenza/Kinza=كنزة, Ranim/Ranime=رنيم, Nada=ندى, Chahd/Shahd=شهد
Joumana/Jumana=جمانة, Hidaya=هداية, Salma Zahra=سلمى الزهراء
""")

FAMILY = _names("""
El Amrani/Elamrani/Amrani=العمراني, Alaoui/El Alaoui=العلوي, El Idrissi/Idrissi/El Idrisi=الإدريسي
Bennani=بناني, El Fassi/Fassi=الفاسي, Tazi=التازي, Benjelloun/Ben Jelloun=بنجلون, Berrada=برادة, Lahlou=لحلو
Chraibi/Chraïbi=الشرايبي, El Mansouri/Mansouri=المنصوري, Ben Ali/Benali=بن علي, Aït Ahmed/Ait Ahmed=أيت احمد
El Khattabi/Khattabi=الخطابي, Bouazzaoui/El Bouazzaoui=البوعزاوي, El Ouafi/Elouafi=الوافي
Naciri/Nassiri=الناصري, El Hassani/Hassani=الحسني, Saidi/Saïdi=السعيدي, Aït Lahcen/Ait Lahcen=أيت لحسن
El Yousfi/Yousfi=اليوسفي, Chakir/Chaker=شاكر, El Ouardi/Elouardi=الوردي, Bouzidi/Bouzid=البوزيدي
Zerouali/Zeroual=الزروالي, El Kadiri/Kadiri=القادري, Filali/El Filali=الفيلالي, Sabri=صبري
El Haddad/Haddad=الحداد, Najjar/Nejjar=النجار, Ouali/El Ouali=الوالي, Ben Omar/Benomar=بن عمر
Aït Ali/Ait Ali=أيت علي, Jabri/El Jabri=الجابري, Harrak/El Harrak=الحراق, Bakkali/Baqali=البقالي
El Ghazi/Ghazi=الغازي, Mekouar=مكوار, El Moussaoui/Moussaoui=الموساوي, Rahmouni/Rahmani=الرحموني
Ziani/Zyani=الزياني, Taleb/Talib=الطالب, Ouchen=أوشن, Ben Brahim/Benbrahim=بن إبراهيم
Aït Brahim/Ait Brahim=أيت إبراهيم, Ouled Ali/Oulad Ali=أولاد علي, Sebti=السبتي, El Hilali/Hilali=الهلالي
Benzekri/Ben Zekri=بنزكري, El Asri/Asri=العصري, Lamrabet/El Mrabet=المرابط, Touzani/Touzzani=التوزاني
El Bakkouri/Bakkouri=البكوري, Zahidi/Zahid=الزاهدي, El Kasmi/Kasmi=القاسمي, Rifi/Errifi=الريفي
Soussi/Essoussi=السوسي, Marrakchi/El Marrakchi=المراكشي, Doukkali/Doukali=الدكالي, Chaoui/Echaoui=الشاوي
Gharbi/El Gharbi=الغربي, Sahraoui/Essahraoui=الصحراوي, Tadlaoui=التادلاوي, Zemmouri/Zemouri=الزموري
Rhazouani/Ghazouani=الغزواني, Jebli/Jabli=الجبلي, Aït Taleb/Ait Taleb=أيت الطالب, El Hachimi/Hachimi=الهاشمي
Benchekroun/Ben Chekroun=بنشقرون, Sefrioui=الصفريوي, Guessous/Gessous=كسوس, Kettani=الكتاني
Belghiti/El Belghiti=البلغيثي, Ouazzani/El Ouazzani=الوزاني, Skalli=الصقلي, Slaoui/Sellaoui=السلاوي
Rbati/Rabati=الرباطي, Belkadi/Belqadi=بلقاضي, Oubella/Oubelaid=أوبلا, Oukacha/Okacha=عكاشة
Ouhaddou/Ouhadou=أوحدو, Amghar/Amrhar=أمغار, Azizi/El Azizi=العزيزي, Izem/Izam=إيزم
Aït Hammou/Ait Hammou=أيت حمو, Aït Said/Aït Saïd/Ait Said=أيت سعيد, Aït Ouakrim/Ait Ouakrim=أيت أوكريم
Aït Moha/Ait Moha=أيت موحى, Aït Baha/Ait Baha=أيت باها, Aït Youssef/Ait Youssef=أيت يوسف
Aït El Haj/Ait Lhaj=أيت الحاج, Aït Ouarab/Ait Ouarab=أيت أوعراب, Ouled Said/Oulad Said=أولاد سعيد
Ouled Moussa/Oulad Moussa=أولاد موسى, Ould Bachir/Ouldbachir=ولد البشير, Ould Sidi=ولد سيدي
Ben Said/Bensaid/Bensaïd=بن سعيد, Ben Moussa/Benmoussa=بن موسى, Ben Hamou/Benhamou=بن حمو
Ben Youssef/Benyoussef=بن يوسف, Ben Taleb/Bentaleb=بن الطالب, Ben Haddou/Benhaddou=بن حدو
Ben Abdellah/Benabdellah=بن عبد الله, Ben Daoud/Bendaoud=بن داود, Ben Kaddour/Benkaddour=بن قدور
Ben Larbi/Benlarbi=بن العربي, Ben Miloud/Benmiloud=بن ميلود, Ben Driss/Bendriss=بن إدريس
Bouhaddou/Bouhadou=بوحدو, Boukili/Bouqili=البوكيلي, Boutaleb=بوطالب, Bouchta=بوشتى, Boussaid/Boussaïd=بوسعيد
Boulahcen/Boulahsen=بولحسن, Bouziane/Bouzian=بوزيان, Boujemaa/Boujamaa=بوجمعة, Bourass/Bouras=بوراس
Boufous/Boufouss=بوفوس, Bouanani/El Bouanani=البوعناني, Belhaj/Bel Haj=بلحاج, Belarbi/Bel Arbi=بلعربي
Belaid/Belaïd=بلعيد, Belhassan=بلحسن, Belkacem/Bel Kacem=بلقاسم, Belmahi=بلماحي, El Malki/Malki=المالكي
El Omari/Omari=العمري, El Khadir/Khadir=الخضير, El Bahri/Bahri=البحري, El Jaouhari/Jaouhari=الجوهري
El Messaoudi/Messaoudi=المسعودي, El Mokhtari/Mokhtari=المختاري, El Hamdaoui/Hamdaoui=الحمداوي
El Garraj/Garraj=الكراج, El Khalfi/Khalfi=الخلفي, El Ayoubi/Ayoubi=الأيوبي, El Ghali/Rhali=الغالي
El Harti/Harti=الحارثي, El Maanaoui/Maanaoui=المعناوي, El Bouhali/Bouhali=البوهالي, El Attar/Attar=العطار
El Kharraz/Kharraz=الخراز, El Debbagh/Debbagh=الدباغ, El Bennay=البناي, El Hajjami/Hajjami=الحجامي
El Berkani/Berkani=البركاني, El Figuigui/Figuigui=الفيكيكي, El Ouahabi/Ouahabi=الوهابي, El Jamali/Jamali=الجمالي
El Karimi/Karimi=الكريمي, El Rachidi/Rachidi/Errachidi=الرشيدي, El Hamidi/Hamidi=الحميدي
El Khalidi/Khalidi=الخالدي, El Salmi/Essalmi=السالمي, El Fathi/Fathi=الفتحي, El Bachiri/Bachiri=البشيري
El Morabiti=المرابطي, El Aroussi/Laroussi=العروسي, El Kabbaj/Kabbaj=القباج, El Mernissi/Mernissi=المرنيسي
El Houari/Houari=الهواري, El Ansari/Ansari=الأنصاري, El Azhari/Azhari/Lazhari=الأزهري
El Bouchikhi/Bouchikhi=البوشيخي, El Fadili/Fadili=الفاضلي, El Gourari/Gourari=الكوراري, El Hayani/Hayani=الحياني
El Hankouri=الهنكوري, El Idani=العيداني, El Jazouli/Jazouli=الجزولي, El Kaddouri/Kaddouri=القدوري
El Lamti/Lamti=اللمطي, El Makhloufi/Makhloufi=المخلوفي, El Nadi/Ennadi=النادي, El Ouriaghli/Ouriaghli=الورياغلي
El Qasri/Kasri=القصري, El Ramdani/Ramdani=الرمضاني, El Samadi/Essamadi=الصمدي, El Tahiri/Tahiri/Ettahiri=الطاهري
El Yaacoubi/Yaacoubi/Yakoubi=اليعقوبي, El Zaoui/Zaoui=الزاوي, Abbadi/El Abbadi=العبادي, Abidi=العبيدي
Achour/Achoury=عاشور, Adnani/El Adnani=العدناني, Afilal=أفيلال, Agoumi/Goumi=أكومي, Ajana=أجانة
Aknouch/Aknouche=أكنوش, Allaoui/Allaouy=العلاوي, Amine/El Amine=الأمين, Anouar=أنوار, Arsalane/Arslane=أرسلان
Assali/El Assali=العسالي, Atmani/Otmani/El Otmani=العثماني, Ayad/Ayyad=عياد, Azzouzi/El Azzouzi=العزوزي
Badaoui/Badoui=البدوي, Baroudi/El Baroudi=البارودي, Bekkay/Bekkaye=البكاي, Bichri=البشري, Chafik/Chafiq=شفيق
Chahid/Echahid=الشهيد, Cherkaoui/Charkaoui=الشرقاوي, Cherradi/Charradi=الشرادي, Chtouki/Achtouki=الشتوكي
Dahbi/Eddahbi=الذهبي, Daoudi/Eddaoudi=الداودي, Derkaoui/Darkaoui=الدرقاوي, Drissi/Eddrissi=الدريسي
Fakir/El Fakir=الفقير, Farissi/El Farissi=الفارسي, Fikri=فكري, Ghanem/Ghanim=غانم, Habibi/El Habibi=الحبيبي
Hafidi/El Hafidi=الحفيظي, Hajji/El Hajji=الحجي, Halimi=الحليمي, Hamdouchi=الحمدوشي, Hanafi/El Hanafi=الحنفي
Hatimi=الحاتمي, Ibrahimi/Brahimi/El Brahimi=الإبراهيمي, Ismaili/Smaili/El Ismaili=الإسماعيلي, Jalil/Jalile=جليل
Kabir/El Kabir=الكبير, Kamal/Kamali=كمال, Karam=كرم, Khalil/Khalili=خليل, Khayat/El Khayat=الخياط
Laaroussi/Larroussi=لعروسي, Lachgar/Lechgar=لشكر, Lahbabi/El Hbabi=لحبابي, Lakhdar/El Khdar=لخضر
Lamine/El Lamine=لمين, Lazrak/Lazraq=الأزرق, Louati/Elouati=اللواتي, Maaroufi/El Maaroufi=المعروفي
Mahfoudi/Mahfoud=المحفوظي, Maimouni/Mimouni=الميموني, Mouline/Moulin=مولين, Mouhib/Mohib=محب, Nadiri=الناضري
Nouri/Ennouri=النوري, Oumlil=أومليل, Qortobi/Kortobi=القرطبي, Raji/Erraji=الراجي, Rami/Errami=الرامي
Regragui/Ragragui=الركراكي, Riyahi/Riahi=الرياحي, Saadi/Essaadi/Saâdi=السعدي, Sadiki/Essadiki/Sadiqi=الصديقي
Salhi/Essalhi=الصالحي, Samlali/Semlali=السملالي, Serghini/Sraghni=السرغيني, Tahir/Ettahir=الطاهر
Tijani/Tidjani=التيجاني, Toumi/Ettoumi=التومي, Yahyaoui/El Yahyaoui=اليحياوي, Zaki/Ezzaki=الزاكي
Znagui/Zenagui=الزناكي
""")

# Residents of other countries, by the pool that their names come from.
FOREIGN_MALE = {
    "levant": _names("""
Omar=عمر, Khaled=خالد, Samer=سامر, Bassel=باسل, Mahmoud=محمود, Rami=رامي, Fadi=فادي, Nader=نادر
"""),
    "west": _names("""
Mamadou=مامادو, Ousmane=عصمان, Ibrahima=إبراهيما, Moussa=موسى, Cheikh=شيخ, Amadou=أمادو, Boubacar=بوبكر
Alassane=الحسن, Sekou=سيكو, Lamine=لامين
"""),
    "europe": _names("""
Pierre=بيير, Jean=جان, Antoine=أنطوان, Carlos=كارلوس, Luis=لويس, Marc=مارك, Thomas=توماس, Hugo=هوغو
"""),
}
FOREIGN_FEMALE = {
    "levant": _names("Rana=رنا, Lama=لمى, Hala=هالة, Nisrine=نسرين, Dima=ديما, Sawsan=سوسن, Rula=رولا, Abir=عبير"),
    "west": _names("""
Aminata=أميناتا, Fatou=فاتو, Awa=أوا, Mariama=مرياما, Aissatou=عيساتو, Binta=بينتا, Kadiatou=كادياتو
Rokhaya=رقيا, Ndeye=نداي, Oumou=أومو
"""),
    "europe": _names("""
Claire=كلير, Sophie=صوفي, Marie=ماري, Carmen=كارمن, Elena=إيلينا, Julie=جولي, Lucia=لوسيا, Anne=آن
"""),
}
FOREIGN_FAMILY = {
    "levant": _names("""
Haddad=حداد, Khoury=خوري, Al Hamwi=الحموي, Darwish=درويش, Shami=شامي, Mansour=منصور, Saleh=صالح, Qabbani=قباني
"""),
    "west": _names("""
Diallo=ديالو, Traoré=تراوري, Ndiaye=ندياي, Diop=ديوب, Keita=كيتا, Camara=كامارا, Koné=كوني, Touré=توري
Coulibaly=كوليبالي, Sow=سو, Bah=باه, Cissé=سيسي
"""),
    "europe": _names("""
Martin=مارتان, Bernard=برنار, Moreau=مورو, García=غارسيا, Lopez=لوبيز, Fontaine=فونتين, Girard=جيرار
Vidal=فيدال
"""),
}
